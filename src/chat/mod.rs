//! *Pure.* The rules of the chat: names, messages, rooms, accounts, and what can be asked of them.
//!
//! Nothing here waits, reads a clock or knows a terminal: values and times come in, values go out.

pub mod address;
pub mod cidr;
pub mod name;
pub mod network;
pub mod node;
pub mod password;
pub mod settings;
pub mod topic;

pub mod message;
pub mod moderation;

pub mod batch;
pub mod history;
pub mod people;
pub mod person;

pub mod key;

pub mod account;
pub mod ignore;

pub mod admin;

pub mod reads;
pub mod request;

pub mod room;

pub mod letter;
