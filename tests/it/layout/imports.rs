//! Which file knows which: the paths that a file writes, and the files they lead to.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::source::{Module, Nesting, Source, Token, is};

/// What a path is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// `use a::b;` or `use a::b as c;`: what it is called from here on.
    Import(String),
    /// `use a::*;`
    Glob,
    /// Somewhere in the code.
    Code,
}

/// A path as it is written, with the braces of its `use` taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// Begins with an empty word if the path begins with `::`.
    pub(super) words: Vec<String>,
    pub(super) role: Role,
    pub(super) line: usize,
    /// The module it is written in, below the one of its file.
    pub(super) within: Module,
}

/// Every path in `code`, except those that say how far something can be seen (`pub(in crate::store)`).
pub(super) fn paths(code: &[Token]) -> Vec<Path> {
    let mut paths = Vec::new();
    let mut nesting = Nesting::default();
    let mut at = 0;
    while at < code.len() {
        nesting.step(code, at);
        let from = at;
        at += 1;
        let mut reader = Reader {
            code,
            at,
            within: nesting.module(),
            paths: &mut paths,
        };
        if is(code, from, "use") {
            reader.tree(Vec::new());
            at = reader.at;
        } else if is(code, from, "pub") && is(code, at, "(") && is(code, at + 1, "in") {
            while at < code.len() && !is(code, at, ")") {
                at += 1;
            }
        } else if is_name(&code[from]) && is(code, at, "::") {
            reader.at = from;
            reader.inline();
            at = reader.at;
        }
    }
    paths
}

/// Takes paths apart from a place in the code on.
struct Reader<'a> {
    code: &'a [Token],
    at: usize,
    within: Module,
    paths: &'a mut Vec<Path>,
}

impl Reader<'_> {
    /// A tree of imports whose paths all begin with `words`.
    fn tree(&mut self, mut words: Vec<String>) {
        let line = self.line();
        if self.takes("::") && words.is_empty() {
            words.push(String::new());
        }
        loop {
            if self.takes("{") {
                while self.at < self.code.len() && !self.takes("}") {
                    self.tree(words.clone());
                    self.takes(",");
                }
                return;
            }
            if self.takes("*") {
                return self.add(words, Role::Glob, line);
            }
            match self.code.get(self.at) {
                Some(token) if is_name(token) => words.push(bare(&token.text)),
                _ => {
                    // Not an import as we know it; go on behind it.
                    self.at += usize::from(!is(self.code, self.at, "}"));
                    return;
                }
            }
            self.at += 1;
            if !self.takes("::") {
                break;
            }
        }
        if words.len() > 1 && words.last().is_some_and(|last| last == "self") {
            words.pop();
        }
        let mut name = words.last().cloned().unwrap_or_default();
        if self.takes("as") {
            name = self.code.get(self.at).map_or(name, |new| bare(&new.text));
            self.at += 1;
        }
        self.add(words, Role::Import(name), line);
    }

    /// A path in the code, as far as it consists of names.
    fn inline(&mut self) {
        let before = self.at.checked_sub(1);
        let follows = |text| before.is_some_and(|at| is(self.code, at, text));
        let (is_method, is_absolute) = (follows("."), follows("::"));
        let line = self.line();
        let mut words = Vec::new();
        if is_absolute {
            words.push(String::new());
        }
        while let Some(token) = self.code.get(self.at).filter(|token| is_name(token)) {
            words.push(bare(&token.text));
            self.at += 1;
            if !self.takes("::") {
                break;
            }
        }
        if !is_method {
            self.add(words, Role::Code, line);
        }
    }

    fn takes(&mut self, text: &str) -> bool {
        let taken = is(self.code, self.at, text);
        self.at += usize::from(taken);
        taken
    }

    fn line(&self) -> usize {
        self.code.get(self.at).map_or(0, |token| token.line)
    }

    fn add(&mut self, words: Vec<String>, role: Role, line: usize) {
        // `use *;` names nothing.
        if words.is_empty() {
            return;
        }
        self.paths.push(Path {
            words,
            role,
            line,
            within: self.within.clone(),
        });
    }
}

fn is_name(token: &Token) -> bool {
    token
        .text
        .starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn bare(name: &str) -> String {
    name.trim_start_matches("r#").to_owned()
}

/// The module of a file at `path` below `src/`; `main.rs` is a root of its own.
pub(super) fn module_of(path: &str) -> Module {
    let path = path.trim_end_matches(".rs");
    let mut module: Module = path.split('/').map(str::to_owned).collect();
    if module == ["lib"] || module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    module
}

/// From each file to those it knows, with the line that says so first.
pub(super) type Arrows = BTreeMap<String, BTreeMap<String, usize>>;

/// The arrows between `files`, which are those of the program by their paths below `src/`.
pub(super) fn arrows(files: &BTreeMap<String, Source>) -> Arrows {
    let written: BTreeMap<&String, Vec<Path>> = files
        .iter()
        .map(|(file, source)| (file, paths(&source.code)))
        .collect();
    let modules = Modules::new(files, &written);
    let mut arrows = Arrows::new();
    for (&file, paths) in &written {
        let known = arrows.entry(file.clone()).or_default();
        for path in paths {
            for module in modules.reached(file, path) {
                let to = modules.files.get(&module).filter(|&to| to != file);
                if let Some(to) = to {
                    known.entry(to.clone()).or_insert(path.line);
                }
            }
        }
    }
    arrows
}

/// Where modules are, and by what names they know each other.
#[derive(Debug, Default)]
struct Modules {
    /// The file that holds each; modules with a body are in the file they are written in.
    files: BTreeMap<Module, String>,
    /// All of these, and the folders they lie in.
    known: BTreeSet<Module>,
    /// What modules call others that they have imported.
    names: BTreeMap<Module, BTreeMap<String, Module>>,
}

impl Modules {
    fn new(files: &BTreeMap<String, Source>, written: &BTreeMap<&String, Vec<Path>>) -> Modules {
        let mut modules = Modules::default();
        for (file, source) in files {
            let own = module_of(file);
            let mut nesting = Nesting::default();
            modules.files.insert(own.clone(), file.clone());
            for at in 0..source.code.len() {
                nesting.step(&source.code, at);
                if is(&source.code, at, "{") {
                    let module = [own.clone(), nesting.module()].concat();
                    modules.files.entry(module).or_insert_with(|| file.clone());
                }
            }
        }
        for module in modules.files.keys() {
            let above = (0..=module.len()).map(|words| module[..words].to_vec());
            modules.known.extend(above);
        }
        // What an import means may depend on another import.
        while modules.learn(written) {}
        modules
    }

    /// Notes the imports that are modules; false if all are known already.
    fn learn(&mut self, written: &BTreeMap<&String, Vec<Path>>) -> bool {
        let mut new = Vec::new();
        for (&file, paths) in written {
            for path in paths {
                let module = [module_of(file), path.within.clone()].concat();
                let Some((end, true)) = self.walk(file, path).map(|way| (way.end, way.is_whole))
                else {
                    continue;
                };
                match &path.role {
                    Role::Import(name) => new.push((module, name.clone(), end)),
                    Role::Glob => {
                        let names = self.names_in(&end).into_iter();
                        new.extend(names.map(|(name, to)| (module.clone(), name, to)));
                    }
                    Role::Code => {}
                }
            }
        }
        let mut has_grown = false;
        for (module, name, to) in new {
            // The first meaning stays, so this comes to an end.
            let names = self.names.entry(module).or_default();
            if let Entry::Vacant(place) = names.entry(name) {
                place.insert(to);
                has_grown = true;
            }
        }
        has_grown
    }

    /// What can be named in `module` that is a module.
    fn names_in(&self, module: &Module) -> BTreeMap<String, Module> {
        let mut names = self.names.get(module).cloned().unwrap_or_default();
        for child in &self.known {
            if let Some((name, parent)) = child.split_last()
                && parent == module.as_slice()
            {
                names.insert(name.clone(), child.clone());
            }
        }
        names
    }

    /// The module `name` as seen from `module`.
    fn step(&self, module: &Module, name: &str) -> Option<Step> {
        let mut child = module.clone();
        child.push(name.to_owned());
        if self.known.contains(&child) {
            return Some(Step::Child(child));
        }
        let known = self.names.get(module)?.get(name)?;
        Some(Step::Import(known.clone()))
    }

    /// The modules that `path` in `file` leads to or through imports of.
    fn reached(&self, file: &str, path: &Path) -> BTreeSet<Module> {
        let mut reached = BTreeSet::new();
        if let Some(way) = self.walk(file, path) {
            reached.extend(way.through);
            reached.insert(way.end);
        }
        reached
    }

    /// Follows `path` in `file` as far as it consists of modules; `None`: it leads out of the crate.
    fn walk(&self, file: &str, path: &Path) -> Option<Way> {
        let own = [module_of(file), path.within.clone()].concat();
        let (first, mut words) = path.words.split_first()?;
        let mut way = Way::from(own);
        match first.as_str() {
            "crate" => way.end.clear(),
            "parlor" if file == "main.rs" => way.end.clear(),
            "self" => {}
            "super" => words = &path.words,
            name => match self.step(&way.end, name)? {
                Step::Child(module) | Step::Import(module) => way.end = module,
            },
        }
        for word in words {
            if word == "super" {
                way.end.pop()?;
                continue;
            }
            match self.step(&way.end, word) {
                Some(Step::Child(module)) => way.end = module,
                Some(Step::Import(module)) => {
                    way.through.insert(std::mem::replace(&mut way.end, module));
                }
                None => {
                    way.is_whole = false;
                    break;
                }
            }
        }
        Some(way)
    }
}

enum Step {
    /// Into a module inside.
    Child(Module),
    /// To where an import leads.
    Import(Module),
}

/// How far a path is made of modules.
struct Way {
    end: Module,
    /// Modules whose imports it uses.
    through: BTreeSet<Module>,
    /// No word is left.
    is_whole: bool,
}

impl Way {
    fn from(end: Module) -> Way {
        Way {
            end,
            through: BTreeSet::new(),
            is_whole: true,
        }
    }
}
