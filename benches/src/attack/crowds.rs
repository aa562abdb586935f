//! Many who do one thing at the same time, each of whom waits for the answer.

use std::time::Instant;

use super::bystander::unique;
use super::person::Person;
use super::report::Outcome;
use super::stage::{Before, Scale, Stage, Target};

/// People who come in at once.
const CLASS: usize = 64;

/// Rooms that there may be in a race, and people who make one each at the same time.
const ROOMS_MAX: usize = 10;
const CREATORS: usize = 120;

/// A class behind one address comes in: how long it takes until all have a name and are in a room.
pub(crate) fn crowd(target: &Target, scale: Scale) -> Result<Vec<Outcome>, String> {
    let stage = Stage::set(target, scale, Before::Nothing, &[])?;
    let id = unique();
    let room = format!("class{id}");
    let begun = Instant::now();
    let mut people = connect(&stage, CLASS)?;
    let connected = begun.elapsed().as_secs_f64();
    for (number, person) in people.iter_mut().enumerate() {
        person.line(&format!("\\name c{number}x{id}\n1\n{room}\n2\n{room}"))?;
    }
    for person in &mut people {
        person.expect(&format!("Join room {room} successful"))?;
    }
    let joined = begun.elapsed().as_secs_f64();
    let mut outcome = Outcome::new("crowd");
    outcome.connections = CLASS;
    outcome.find(
        (connected * 1e4).round() / 10.0,
        "ms until all have the menu",
    );
    outcome.find((joined * 1e4).round() / 10.0, "ms until all are in a room");
    Ok(vec![with_bytes(outcome, &people)])
}

/// More rooms are made at the same time than there may be.
pub(crate) fn race(target: &Target, scale: Scale) -> Result<Vec<Outcome>, String> {
    if !matches!(target, Target::Program(_)) {
        return Ok(Vec::new());
    }
    let limit = ROOMS_MAX.to_string();
    let stage = Stage::set(target, scale, Before::File, &["--max-rooms", &limit])?;
    let id = unique();
    let mut people = connect(&stage, CREATORS)?;
    for (number, person) in people.iter_mut().enumerate() {
        person.line(&format!("1\nrace{number}x{id}"))?;
    }
    let mut made = 0;
    for person in &mut people {
        made += person.expect_any(&[" failed", " successful"])?;
    }
    let mut outcome = Outcome::new("rooms, a race");
    outcome.connections = CREATORS;
    outcome.find(
        made as f64,
        format!("rooms made where there may be {ROOMS_MAX}"),
    );
    Ok(vec![with_bytes(outcome, &people)])
}

/// So many people, each from an address of their own if there may be many rooms or from one.
fn connect(stage: &Stage, count: usize) -> Result<Vec<Person>, String> {
    let people: Result<Vec<Person>, String> = (0..count)
        .map(|_| Person::connect(stage.address, stage.attackers()))
        .collect();
    let mut people = people?;
    for person in &mut people {
        person.expect("> ")?;
    }
    Ok(people)
}

fn with_bytes(mut outcome: Outcome, people: &[Person]) -> Outcome {
    outcome.sent = people.iter().map(|person| person.sent).sum();
    outcome.received = people.iter().map(|person| person.received).sum();
    outcome
}
