//! From the text of a source file to what the program is made of: tokens without comments, without
//! literals, and without what is compiled for tests only.

/// A word, `::`, or any other character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) text: String,
    /// Counts from 1.
    pub(super) line: usize,
}

/// A module as the words of its path, without `crate`.
pub(super) type Module = Vec<String>;

/// One file, read.
#[derive(Debug)]
pub(super) struct Source {
    /// The tokens of the program.
    pub(super) code: Vec<Token>,
    /// The modules (below the file's own; empty: the file itself) that only tests compile.
    pub(super) tests: Vec<Module>,
    /// The modules that have a `mod` in the file, tests among them.
    pub(super) declared: Vec<Module>,
}

impl Source {
    pub(super) fn read(text: &str) -> Source {
        let all = tokens(&strip(text));
        let (code, tests) = without_tests(&all);
        let mut declared = Vec::new();
        let mut nesting = Nesting::default();
        for at in 0..all.len() {
            nesting.step(&all, at);
            if is(&all, at, "mod") && is(&all, at + 2, ";") {
                declared.push(nesting.child(&all[at + 1].text));
            }
        }
        Source {
            code,
            tests,
            declared,
        }
    }
}

/// `text` with a blank for each character of a comment or a literal; lines stay where they are.
pub(super) fn strip(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let blank = comment(rest).or_else(|| literal(rest));
        // A word is taken whole: its last letter is no prefix of a literal.
        let length = blank.unwrap_or_else(|| word(rest).max(first.len_utf8()));
        let (taken, after) = rest.split_at(length);
        match blank {
            Some(_) => code.extend(taken.chars().map(|c| if c == '\n' { c } else { ' ' })),
            None => code.push_str(taken),
        }
        rest = after;
    }
    code
}

/// The length of the comment at the start of `rest`, if there is one.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut at, mut depth) = (0, 0);
    while let Some(first) = rest[at..].chars().next() {
        if rest[at..].starts_with("/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if rest[at..].starts_with("*/") {
            (at, depth) = (at + 2, depth - 1);
        } else {
            at += first.len_utf8();
        }
        if depth == 0 {
            break;
        }
    }
    Some(at)
}

/// The length of the literal of text or of a character at the start of `rest`, if there is one.
fn literal(rest: &str) -> Option<usize> {
    let (prefix, body) = rest.split_at(word(rest));
    let length = match prefix {
        "" | "b" | "c" if body.starts_with('"') => quoted(body),
        "" | "b" if body.starts_with('\'') => character(body)?,
        "r" | "br" | "cr" => raw(body)?,
        _ => return None,
    };
    Some(prefix.len() + length)
}

fn quoted(body: &str) -> usize {
    let mut escaped = false;
    for (at, c) in body.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    body.len()
}

/// `None` if it is a lifetime or a label.
fn character(body: &str) -> Option<usize> {
    let mut chars = body.char_indices().skip(1);
    let (_, first) = chars.next()?;
    let (at, second) = chars.next()?;
    if first == '\\' {
        // What is escaped may be a quote itself.
        let from = at + second.len_utf8();
        return Some(from + body[from..].find('\'')? + 1);
    }
    (second == '\'').then_some(at + 1)
}

/// `None` if it is a raw identifier.
fn raw(body: &str) -> Option<usize> {
    let hashes = body.bytes().take_while(|&byte| byte == b'#').count();
    let text = body[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", &body[..hashes]);
    let length = text.find(&end).map_or(text.len(), |at| at + end.len());
    Some(hashes + 1 + length)
}

/// The length of the word at the start of `rest`; 0: there is none.
fn word(rest: &str) -> usize {
    rest.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(rest.len())
}

/// The tokens of stripped text. A raw identifier keeps its `r#`, so that it is no keyword.
pub(super) fn tokens(code: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let raw = rest.strip_prefix("r#").map_or(0, word);
            let length = match word(rest) {
                _ if raw > 0 => 2 + raw,
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                length => length,
            };
            tokens.push(Token {
                text: rest[..length].to_owned(),
                line: number + 1,
            });
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

/// True if there is a token `text` at `at`.
pub(super) fn is(tokens: &[Token], at: usize, text: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.text == text)
}

/// The modules with a body that are open at some place of a file.
#[derive(Debug, Default)]
pub(super) struct Nesting {
    depth: usize,
    open: Vec<(usize, String)>,
}

impl Nesting {
    /// Takes the token at `at` into account; call it for each.
    pub(super) fn step(&mut self, tokens: &[Token], at: usize) {
        match tokens[at].text.as_str() {
            "{" => {
                self.depth += 1;
                if at >= 2 && is(tokens, at - 2, "mod") {
                    self.open.push((self.depth, tokens[at - 1].text.clone()));
                }
            }
            "}" => {
                self.open.retain(|&(depth, _)| depth < self.depth);
                self.depth = self.depth.saturating_sub(1);
            }
            _ => {}
        }
    }

    /// The module that is open, below the one of the file.
    pub(super) fn module(&self) -> Module {
        self.open.iter().map(|(_, name)| name.clone()).collect()
    }

    /// The module `name` in the one that is open.
    pub(super) fn child(&self, name: &str) -> Module {
        let mut module = self.module();
        module.push(name.to_owned());
        module
    }
}

/// The tokens that are compiled without tests too, and the modules that are not.
fn without_tests(all: &[Token]) -> (Vec<Token>, Vec<Module>) {
    let (mut kept, mut tests) = (Vec::new(), Vec::new());
    let mut nesting = Nesting::default();
    let mut at = 0;
    while at < all.len() {
        let attribute = Attribute::at(all, at).filter(|attribute| attribute.is_for_tests(all));
        let Some(attribute) = attribute else {
            nesting.step(all, at);
            kept.push(all[at].clone());
            at += 1;
            continue;
        };
        if attribute.is_inner {
            tests.push(nesting.module());
            at = item_end(all, attribute.end, End::Enclosing);
            continue;
        }
        let head = item_head(all, attribute.end);
        if is(all, head, "mod") && head + 1 < all.len() {
            tests.push(nesting.child(&all[head + 1].text));
        }
        at = item_end(all, head, End::of(all, head));
    }
    (kept, tests)
}

/// `#[...]` or `#![...]`.
#[derive(Debug)]
struct Attribute {
    /// Its first word.
    name: usize,
    is_inner: bool,
    /// What follows its bracket.
    end: usize,
}

impl Attribute {
    fn at(tokens: &[Token], at: usize) -> Option<Attribute> {
        let is_inner = is(tokens, at + 1, "!");
        let bracket = at + 1 + usize::from(is_inner);
        if !is(tokens, at, "#") || !is(tokens, bracket, "[") {
            return None;
        }
        Some(Attribute {
            name: bracket + 1,
            is_inner,
            end: item_end(tokens, bracket + 1, End::Enclosing) + 1,
        })
    }

    /// True if what it stands before is compiled for tests only.
    fn is_for_tests(&self, tokens: &[Token]) -> bool {
        is(tokens, self.name, "cfg") && needs_test(tokens, &mut (self.name + 2))
    }
}

/// True if the condition of a `cfg` at `at` holds in tests only; `at` moves to what follows it.
fn needs_test(tokens: &[Token], at: &mut usize) -> bool {
    let name = *at;
    *at += 1;
    if is(tokens, *at, "(") {
        *at += 1;
        let mut parts = Vec::new();
        while *at < tokens.len() && !is(tokens, *at, ")") {
            parts.push(needs_test(tokens, at));
            *at += usize::from(is(tokens, *at, ","));
        }
        *at += 1;
        return match tokens[name].text.as_str() {
            "all" => parts.contains(&true),
            "any" => !parts.is_empty() && !parts.contains(&false),
            _ => false,
        };
    }
    // A value (`feature = "x"`) is a literal, of which nothing is left.
    *at += usize::from(is(tokens, *at, "="));
    is(tokens, name, "test")
}

/// How that ends which an attribute stands before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// With `;`: a body in braces is part of an expression or of a tree of imports.
    Semicolon,
    /// With `;` or its body.
    Body,
    /// With `;`, `,` or a body: a field, a variant, an arm, a parameter, a statement.
    Comma,
    /// Where the block or the brackets around it do.
    Enclosing,
}

impl End {
    /// How the item whose first keyword is at `head` ends.
    fn of(tokens: &[Token], head: usize) -> End {
        let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
        match text(head) {
            "const" if matches!(text(head + 1), "fn" | "unsafe" | "async" | "extern") => End::Body,
            "use" | "let" | "static" | "type" | "const" => End::Semicolon,
            "fn" | "mod" | "impl" | "struct" | "enum" | "trait" | "unsafe" | "async" | "extern" => {
                End::Body
            }
            _ => End::Comma,
        }
    }
}

/// The first keyword after attributes and visibility.
fn item_head(tokens: &[Token], mut at: usize) -> usize {
    while let Some(attribute) = Attribute::at(tokens, at) {
        at = attribute.end;
    }
    if is(tokens, at, "pub") {
        at += 1;
        if is(tokens, at, "(") {
            at = item_end(tokens, at + 1, End::Enclosing) + 1;
        }
    }
    at
}

/// What follows that which begins at `at`: never more than the end of the brackets around it.
fn item_end(tokens: &[Token], mut at: usize, end: End) -> usize {
    let mut depth = 0;
    while at < tokens.len() {
        match tokens[at].text.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" if depth == 0 => return at,
            ")" | "]" => depth -= 1,
            "}" => {
                depth -= 1;
                if depth == 0 && matches!(end, End::Body | End::Comma) {
                    return at + 1;
                }
            }
            ";" if depth == 0 && end != End::Enclosing => return at + 1,
            "," if depth == 0 && end == End::Comma => return at + 1,
            _ => {}
        }
        at += 1;
    }
    at
}
