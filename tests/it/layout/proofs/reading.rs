use std::collections::BTreeMap;

use super::tree;
use crate::layout::imports::{Role, arrows, paths};
use crate::layout::source::{Source, Token, strip, tokens};

fn joined(tokens: &[Token]) -> String {
    let texts: Vec<&str> = tokens.iter().map(|token| token.text.as_str()).collect();
    texts.join(" ")
}

#[test]
fn comments_and_literals_are_taken_out_and_nothing_else() {
    for (text, expected) in [
        ("a // use crate::b;\nc", "a c"),
        ("//! `use crate::b;`\n/// it's \"one\na", "a"),
        ("a /* use crate::b; /* deep */ \" */ c /**/ d", "a c d"),
        ("a /* no end", "a"),
        ("f(\"use crate::b; // c\", d)", "f ( , d )"),
        (r#"f("\"use crate::b;\\", d)"#, "f ( , d )"),
        ("f(\"/*\", a, \"*/\")", "f ( , a , )"),
        ("f(\"// \", a)", "f ( , a )"),
        ("f(b\"a\", c\"a\", br\"\\\", d)", "f ( , , , d )"),
        ("f(r#\"use \"crate\"::b\"#, r##\"\"#\"##, a)", "f ( , , a )"),
        ("for r#use in r#type {}", "for r#use in r#type { }"),
        ("var(\"a\")", "var ( )"),
        ("f('\"', a, '\"')", "f ( , a , )"),
        (
            r"f('\'', a, '\\', b, '\u{2f}', b'\'', c)",
            "f ( , a , , b , , , c )",
        ),
        ("f('/', '/', 'ü', 'a')", "f ( , , , )"),
        (
            "fn f<'a, 'b: 'a>(c: &'a str) {}",
            "fn f < ' a , ' b : ' a > ( c : & ' a str ) { }",
        ),
        ("f::<'a>('a', 'b)", "f :: < ' a > ( , ' b )"),
        (
            "'outer: loop { break 'outer; }",
            "' outer : loop { break ' outer ; }",
        ),
        ("&'static str, \"ünï\", a", "& ' static str , , a"),
    ] {
        assert_eq!(joined(&tokens(&strip(text))), expected, "{text}");
    }
}

#[test]
fn lines_stay_where_they_are() {
    let text = "/* one\n   two */ a\n\"three\nfour\" b r#\"\n\"# c // five\nd";
    let found = tokens(&strip(text));
    let lines: Vec<(&str, usize)> = found.iter().map(|it| (it.text.as_str(), it.line)).collect();
    assert_eq!(lines, [("a", 2), ("b", 4), ("c", 5), ("d", 6)]);
}

#[test]
fn what_only_tests_compile_is_taken_out_and_the_rest_is_read() {
    for (text, expected) in [
        ("#[cfg(test)] mod tests; a", "a"),
        (
            "#[cfg(test)]\nmod tests {\n    use super::*;\n    fn f() { \"}\"; }\n}\na",
            "a",
        ),
        ("#[cfg(test)] use crate::{a::{B, C}, d}; e", "e"),
        ("#[cfg(test)] pub(in crate::a) use b; c", "c"),
        (
            "#[cfg(test)] #[allow(dead_code)] #[rustfmt::skip] fn f() {} a",
            "a",
        ),
        (
            "#[derive(Debug)] #[cfg(test)] struct A(u8); b",
            "# [ derive ( Debug ) ] b",
        ),
        (
            "#[cfg(test)] fn f<A, B>(a: [A; 2]) -> B where A: C, B: D { {} } e",
            "e",
        ),
        ("#[cfg(test)] pub(crate) const fn f() -> u8 { 1 } a", "a"),
        ("#[cfg(test)] const A: B = B { c: 1 }; d", "d"),
        ("#[cfg(test)] impl A { fn f() {} } b", "b"),
        ("enum A { #[cfg(test)] B { c: u8 }, D }", "enum A { , D }"),
        (
            "struct A { #[cfg(test)] b: u8, c: u8, #[cfg(test)] d: u8 }",
            "struct A { c : u8 , }",
        ),
        (
            "match a { #[cfg(test)] 1 => b(c, d), _ => e }",
            "match a { _ => e }",
        ),
        (
            "fn f() { #[cfg(test)] let a = A { b }; #[cfg(test)] c(); d }",
            "fn f ( ) { d }",
        ),
        ("#[cfg(all(unix, test))] mod a; b", "b"),
        ("#[cfg(any(test, all(test, unix)))] mod a; b", "b"),
        ("mod a { #![cfg(test)] use b; } c", "mod a { } c"),
        ("#![cfg(test)] a", ""),
    ] {
        let found = joined(&Source::read(text).code);
        assert_eq!(found.replace("= >", "=>"), expected, "{text}");
    }
    for kept in [
        "#[cfg(not(test))] mod a;",
        "#[cfg(any(test, unix))] mod a;",
        "#[cfg(all(unix, not(test)))] mod a;",
        "#[cfg_attr(test, derive(Debug))] struct A;",
        "#[cfg(feature = \"test\")] mod a;",
        "#[test] fn a() {}",
        "fn test() { cfg!(test); }",
    ] {
        let all = joined(&tokens(&strip(kept)));
        assert_eq!(joined(&Source::read(kept).code), all, "{kept}");
    }
}

#[test]
fn the_files_that_tests_are_in_are_known() {
    let text = "mod a;\n#[cfg(test)]\n#[allow(unused)]\nmod tests;\n\
                mod b { mod c; #[cfg(test)] mod d; }\n#[cfg(test)] mod e { mod f; }";
    let source = Source::read(text);
    let names =
        |modules: &[Vec<String>]| modules.iter().map(|it| it.join("::")).collect::<Vec<_>>();
    assert_eq!(names(&source.tests), ["tests", "b::d", "e"]);
    assert_eq!(
        names(&source.declared),
        ["a", "tests", "b::c", "b::d", "e::f"]
    );

    // What `mod tests;` without the attribute names is part of the program.
    let files = [
        ("a/mod.rs", "mod tests;"),
        ("a/tests.rs", "use crate::b;"),
        ("b.rs", ""),
    ];
    assert_eq!(known(&files, "a/tests.rs"), ["b.rs"]);
}

#[test]
fn trees_of_imports_are_taken_apart() {
    for (text, expected) in [
        ("use crate::a;", &["crate::a"] as &[&str]),
        (
            "pub(crate) use crate::a::{b, c::{self, D as E}, f::*};",
            &[
                "crate::a::b",
                "crate::a::c",
                "crate::a::c::D as E",
                "crate::a::f::*",
            ],
        ),
        (
            "use {crate::a,\n    super::{super::b,\n    c as _,\n    },\n};",
            &["crate::a", "super::super::b", "super::c as _"],
        ),
        ("use ::std::fmt;", &["::std::fmt"]),
        ("use *; use crate::a;", &["crate::a"]),
        ("use r#type::r#use;", &["type::use"]),
        (
            "fn f() -> impl A + use<'a, T> { use self::b::C; }",
            &["self::b::C"],
        ),
        (
            "fn f() { super::super::a::b(crate::C::new()); }",
            &["super::super::a::b", "crate::C::new"],
        ),
        (
            "let a = <crate::b::C as d::E>::F; g::<crate::H>()",
            &["crate::b::C", "d::E", "g", "crate::H"],
        ),
        ("pub(in crate::a) fn f(b: super::C) {}", &["super::C"]),
        ("self.a::<u8>(); ::b::c()", &["::b::c"]),
        ("$crate::a::b!()", &["crate::a::b"]),
    ] {
        let found = paths(&tokens(&strip(text))).into_iter().map(|path| {
            let words = path.words.join("::");
            match path.role {
                Role::Glob => words + "::*",
                Role::Import(name) if Some(&name) != path.words.last() => words + " as " + &name,
                Role::Import(_) | Role::Code => words,
            }
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "{text}");
    }
}

/// Modules for the paths of the next test to lead to.
const MODULES: &[(&str, &str)] = &[
    ("lib.rs", "pub mod a; pub mod e; pub mod f;"),
    ("main.rs", ""),
    ("a/mod.rs", "pub mod b; pub mod c; pub use b::B;"),
    ("a/b.rs", ""),
    ("a/c/mod.rs", "pub mod d;"),
    ("a/c/d.rs", ""),
    ("e.rs", ""),
    ("f/mod.rs", "pub use crate::a::c as see;"),
];

/// What is written in a file, and the files that it leads to.
const PATHS: &[(&str, &str, &[&str])] = &[
    ("e.rs", "use crate::a::b::B;", &["a/b.rs"]),
    ("e.rs", "use crate::a::B;", &["a/mod.rs"]),
    (
        "e.rs",
        "use crate::a::{self, c::d::{D, E}, c::*};",
        &["a/c/d.rs", "a/c/mod.rs", "a/mod.rs"],
    ),
    (
        "e.rs",
        "fn f(b: crate::a::c::C) -> crate::Own {}",
        &["a/c/mod.rs", "lib.rs"],
    ),
    // By the name of what was imported, and of what that has imported.
    (
        "e.rs",
        "use crate::a; fn f() { a::c::d::g() }",
        &["a/c/d.rs", "a/mod.rs"],
    ),
    (
        "e.rs",
        "use crate::a as it; use it::c; fn f() { c::d::g() }",
        &["a/c/d.rs", "a/c/mod.rs", "a/mod.rs"],
    ),
    (
        "e.rs",
        "use crate::f::see::d::D;",
        &["a/c/d.rs", "f/mod.rs"],
    ),
    (
        "a/b.rs",
        "use super::*; fn f() { c::d::g() }",
        &["a/c/d.rs", "a/mod.rs"],
    ),
    (
        "a/b.rs",
        "use super::c::C; use super::B;",
        &["a/c/mod.rs", "a/mod.rs"],
    ),
    (
        "a/c/d.rs",
        "fn f() { super::super::b::g(); super::super::super::e::h() }",
        &["a/b.rs", "e.rs"],
    ),
    ("a/c/mod.rs", "mod d; pub use d::D;", &["a/c/d.rs"]),
    (
        "a/c/mod.rs",
        "mod d; pub use self::d::D; use self::Own;",
        &["a/c/d.rs"],
    ),
    ("a/c/mod.rs", "pub mod d;", &[]),
    // A module with a body has a `super` of its own.
    (
        "a/c/d.rs",
        "mod inner { use super::D; use super::super::C; }",
        &["a/c/mod.rs"],
    ),
    (
        "e.rs",
        "mod inner { pub fn f() {} } use inner::f; use crate::e::inner;",
        &[],
    ),
    (
        "main.rs",
        "use parlor::a::{b, c::C}; fn main() { b::f() }",
        &["a/b.rs", "a/c/mod.rs"],
    ),
    ("e.rs", "use parlor::a::b;", &[]),
    // Other crates, and names that are no modules.
    (
        "e.rs",
        "use std::a::b; use ::a::b; fn f(a: A) { a.b::<u8>(); A::b() }",
        &[],
    ),
    (
        "e.rs",
        "const A: &str = \"use crate::a::b;\"; // use crate::a::b;",
        &[],
    ),
    (
        "e.rs",
        "#[cfg(test)] mod tests { use crate::a::b; } use crate::f::F;",
        &["f/mod.rs"],
    ),
    ("e.rs", "pub(in crate::a) fn f() {}", &[]),
];

/// The files that `file` knows.
fn known(files: &[(&str, &str)], file: &str) -> Vec<String> {
    let files: BTreeMap<String, Source> = tree(files)
        .into_iter()
        .map(|(path, text)| (path, Source::read(&text)))
        .collect();
    arrows(&files)[file].keys().cloned().collect()
}

#[test]
fn paths_lead_to_the_files_that_hold_them() {
    for &(file, text, expected) in PATHS {
        let mut files = MODULES.to_vec();
        files.retain(|(path, _)| *path != file);
        files.push((file, text));
        assert_eq!(known(&files, file), expected, "{file}: {text}");
    }
}
