/// The servers of the tests themselves.
mod servers;
