//! What operators are told where several servers share the rooms.

use super::admin::{answer, connection, target};
use super::*;
use crate::chat::admin::{
    AdminError, AdminReply, ConnectionRow, LogLevel, NodeFigures, NodeLine, Reach,
};
use crate::chat::node::NodeId;

pub(super) fn all() -> Vec<Sentence> {
    let node = |number: u32, label: &str, figures| NodeLine {
        node: NodeId(number),
        label: label.into(),
        is_this: number == 1,
        since: Timestamp(VIEWER.now.0 - 7_200_000),
        is_leaving: false,
        figures,
    };
    let figures = |people, lag| Some(NodeFigures { people, lag });
    let nodes = vec![
        node(1, "red", figures(1, 0)),
        node(2, "green", figures(120, 1)),
        node(3, "blue", figures(0, 300)),
        node(4, "grey", None),
        NodeLine {
            is_leaving: true,
            ..node(5, "black", None)
        },
    ];
    let only = vec![node(1, "red", figures(2, 0))];
    let of_node = |reply| Ok(AdminReply::OfNode("red".into(), Box::new(reply)));
    let banned = |silent| AdminReply::Banned {
        target: target("192.0.2.0/24"),
        time: None,
        closed: 2,
        silent,
        is_stored: silent > 0,
    };
    let elsewhere = ConnectionRow {
        node: Some("green".into()),
        ..connection(7, "Dai")
    };
    vec![
        answer(r"`\admin nodes`", Ok(AdminReply::Nodes(nodes))).with(&[Form::List]),
        answer(
            r"`\admin nodes`, where no other one is left",
            Ok(AdminReply::Nodes(only)),
        )
        .with(&[Form::List]),
        answer(
            r"`\admin nodes`, on a server that has its rooms for itself",
            Err(AdminError::Alone),
        ),
        answer(
            r"`\admin list`, when the database of several nodes does not answer",
            Ok(AdminReply::Connections(vec![elsewhere], Reach::Here)),
        )
        .with(&[Form::List]),
        answer(
            r"`\admin log debug`, on one of several nodes",
            of_node(AdminReply::Log(LogLevel::Debug)),
        ),
        answer(
            r"`\admin announce lunch at noon`, with a node that does not answer",
            Ok(AdminReply::Announced(120, 1)),
        ),
        answer(
            r"`\admin ban 192.0.2.0/24`, with two nodes that do not answer",
            Ok(banned(2)),
        ),
        answer(
            r"`\admin ban 192.0.2.0/24`, when the database of several nodes does not answer",
            of_node(banned(0)),
        ),
        answer(
            r"`\admin kick Dai`, whose node does not answer",
            Err(AdminError::Silent),
        ),
    ]
}
