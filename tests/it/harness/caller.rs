//! The programs that people call with, and how each is drawn for.

use std::net::SocketAddr;

use super::{Server, Size, Terminal, program};

/// One way to call one program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    /// What failures call it.
    pub(crate) name: &'static str,
    program: &'static str,
    package: &'static str,
    /// Its arguments, with `HOST` and `PORT` where they belong.
    pub(crate) args: &'static [&'static str],
    pub(crate) drawing: Drawing,
}

/// What its user sees of what others say while a line is half typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Drawing {
    /// It starts on a row of its own, and the prompt comes anew.
    Plain,
    /// It goes above the line, which the terminal echoes.
    Ansi,
    /// It goes above the line, which the server echoes.
    Character,
}

impl Caller {
    const fn new(
        name: &'static str,
        program: &'static str,
        package: &'static str,
        args: &'static [&'static str],
        drawing: Drawing,
    ) -> Self {
        Self {
            name,
            program,
            package,
            args,
            drawing,
        }
    }

    /// The same program, called with other arguments.
    pub(crate) const fn with(self, args: &'static [&'static str]) -> Self {
        Self { args, ..self }
    }

    /// The command line that connects to `address`.
    pub(crate) fn command(&self, address: SocketAddr) -> Vec<String> {
        let (host, port) = (address.ip().to_string(), address.port().to_string());
        let args = self
            .args
            .iter()
            .map(|arg| arg.replace("HOST", &host).replace("PORT", &port));
        [program(self.program, self.package)]
            .into_iter()
            .chain(args)
            .collect()
    }

    /// Starts it in a terminal of the usual size.
    pub(crate) fn start(&self, server: &Server) -> Terminal {
        self.start_at(server, server.address())
    }

    /// Starts it at another listener of the server.
    pub(crate) fn start_at(&self, server: &Server, address: SocketAddr) -> Terminal {
        Terminal::start(server, self.name, &self.command(address))
    }

    /// Starts it in a terminal of 80 columns and so many rows.
    pub(crate) fn start_with_rows(&self, server: &Server, rows: u16) -> Terminal {
        let size = Size { rows, columns: 80 };
        Terminal::start_sized(server, self.name, &self.command(server.address()), size)
    }
}

const HOST_PORT: &[&str] = &["HOST", "PORT"];

pub(crate) const NC_OPENBSD: Caller = Caller::new(
    "nc.openbsd",
    "nc.openbsd",
    "netcat-openbsd",
    HOST_PORT,
    Drawing::Plain,
);
pub(crate) const NC_TRADITIONAL: Caller = Caller::new(
    "nc.traditional",
    "nc.traditional",
    "netcat-traditional",
    HOST_PORT,
    Drawing::Plain,
);
pub(crate) const NCAT: Caller = Caller::new("ncat", "ncat", "ncat", HOST_PORT, Drawing::Plain);
/// It ends its lines with CR LF, as Telnet clients do, and is none.
pub(crate) const NCAT_CRLF: Caller = Caller::new(
    "ncat -C",
    "ncat",
    "ncat",
    &["-C", "HOST", "PORT"],
    Drawing::Plain,
);
pub(crate) const BUSYBOX_NC: Caller = Caller::new(
    "busybox nc",
    "busybox",
    "busybox",
    &["nc", "HOST", "PORT"],
    Drawing::Plain,
);
pub(crate) const SOCAT: Caller = Caller::new(
    "socat",
    "socat",
    "socat",
    &["-", "TCP:HOST:PORT"],
    Drawing::Plain,
);

pub(crate) const TELNET: Caller = Caller::new(
    "inetutils telnet",
    "inetutils-telnet",
    "inetutils-telnet",
    HOST_PORT,
    Drawing::Character,
);
/// netkit's. Its escape character would take some letters, such as the Thai ฝ, to its own prompt.
pub(crate) const TELNET_SSL: Caller = Caller::new(
    "netkit telnet",
    "telnet-ssl",
    "telnet-ssl",
    &["-E", "HOST", "PORT"],
    Drawing::Character,
);
pub(crate) const BUSYBOX_TELNET: Caller = Caller::new(
    "busybox telnet",
    "busybox",
    "busybox",
    &["telnet", "HOST", "PORT"],
    Drawing::Character,
);
pub(crate) const PLINK: Caller = Caller::new(
    "plink -telnet",
    "plink",
    "putty-tools",
    &["-telnet", "-P", "PORT", "HOST"],
    Drawing::Character,
);
/// It has an editor of its own, and shows what is inserted above it.
pub(crate) const TINTIN: Caller = Caller::new(
    "tintin++",
    "tt++",
    "tintin++",
    &[
        "-G",
        "-e",
        "#event {SESSION DISCONNECTED} {#end};#session parlor HOST PORT",
    ],
    Drawing::Ansi,
);

// By TLS. None of them knows who vouches for the certificate.

pub(crate) const OPENSSL: Caller = Caller::new(
    "openssl s_client",
    "openssl",
    "openssl",
    &["s_client", "-quiet", "-connect", "HOST:PORT"],
    Drawing::Plain,
);
pub(crate) const NCAT_SSL: Caller = NCAT.with(&["--ssl", "HOST", "PORT"]);
pub(crate) const SOCAT_SSL: Caller = SOCAT.with(&["-", "OPENSSL:HOST:PORT,verify=0"]);
pub(crate) const GNUTLS: Caller = Caller::new(
    "gnutls-cli",
    "gnutls-cli",
    "gnutls-bin",
    &["--insecure", "--port", "PORT", "HOST"],
    Drawing::Plain,
);
pub(crate) const TELNET_TLS: Caller = TELNET_SSL.with(&["-E", "-z", "ssl", "HOST", "PORT"]);
