//! The certificate: made by the server, given by the operator, or none that could be shown.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use rcgen::{CertificateParams, KeyPair, date_time_ymd};
use tempfile::TempDir;

use super::start;
use crate::harness::{PROGRAM, Server, eventually, program, run, run_as_anybody, tls_way_to};

/// Runs openssl in a folder.
fn openssl(folder: &Path, args: &str) -> String {
    let output = Command::new(program("openssl", "openssl"))
        .args(args.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("openssl runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "openssl {args}: {told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Writes `NAME.pem` and `NAME.key`.
fn certificate(folder: &Path, name: &str, key: &str, days: i32) {
    openssl(folder, &format!("genpkey {key} -out {name}.key"));
    let made =
        format!("req -x509 -key {name}.key -subj /CN=chat.example -days {days} -out {name}.pem");
    openssl(folder, &made);
}

/// Writes `over.pem` and `over.key`: it was valid in 2024.
fn over(folder: &Path) {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2024, 1, 1);
    params.not_after = date_time_ymd(2025, 1, 1);
    let key = KeyPair::generate().expect("random numbers");
    let certificate = params.self_signed(&key).expect("it can sign");
    fs::write(folder.join("over.pem"), certificate.pem()).expect("it can be written");
    fs::write(folder.join("over.key"), key.serialize_pem()).expect("it can be written");
}

const EC: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";

/// As openssl prints it.
fn fingerprint_of(folder: &Path, certificate: &str) -> String {
    let printed = openssl(
        folder,
        &format!("x509 -in {certificate} -noout -fingerprint -sha256"),
    );
    printed
        .split_once('=')
        .expect("NAME=VALUE")
        .1
        .trim()
        .to_owned()
}

/// What a client is shown.
fn shown(folder: &Path, port: u16) -> String {
    let shell =
        format!("openssl s_client -connect 127.0.0.1:{port} </dev/null 2>/dev/null >seen.pem");
    let status = Command::new("sh")
        .args(["-c", &shell])
        .current_dir(folder)
        .status();
    assert!(status.is_ok_and(|status| status.success()), "{shell}");
    fingerprint_of(folder, "seen.pem")
}

/// What the server has told at its start.
fn told(server: &Server) -> String {
    let log = server.log();
    let (_, rest) = log
        .split_once("tls certificate sha256 ")
        .expect("it is told");
    rest.split_once('\n').expect("a row").0.to_owned()
}

#[test]
fn one_that_the_server_makes_is_told_shown_and_kept() {
    let folder = TempDir::new().expect("a directory");
    let data = folder.path().join("chat.db");
    let args = ["--data", &data.to_string_lossy()];
    let (mut server, tls) = start(&args);
    let first = told(&server);
    assert_eq!(shown(folder.path(), tls.port()), first);
    let mut ann = server.client("ann");
    ann.expect("anon> ");
    ann.line("\\stats");
    ann.expect("tls certificate: sha256\n");
    let rows = ann.expect("anon> ").replace(['\n', ' '], "");
    assert_eq!(rows, first);
    let made = folder.path().join("chat.db-tls.pem");
    let mode = fs::metadata(&made)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = openssl(folder.path(), "x509 -in chat.db-tls.pem -noout -text");
    assert!(
        text.contains("CN = parlor") && text.contains("DNS:localhost"),
        "{text}"
    );
    server.signal("TERM");
    assert!(server.expect_exit().success());
    let (server, _) = start(&args);
    assert_eq!(told(&server), first);
    drop(server);
    // Without a file it is another one each time, which is said.
    let (server, _) = start(&[]);
    assert_ne!(told(&server), first);
    assert!(
        server.log().contains("which changes at each start"),
        "{}",
        server.log()
    );
}

#[test]
fn keys_of_every_usual_kind_and_form_are_taken() {
    let folder = TempDir::new().expect("a directory");
    let folder = folder.path();
    certificate(folder, "ec", EC, 30);
    certificate(
        folder,
        "p384",
        "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
        30,
    );
    certificate(
        folder,
        "rsa",
        "-algorithm RSA -pkeyopt rsa_keygen_bits:2048",
        30,
    );
    certificate(folder, "ed", "-algorithm ED25519", 30);
    openssl(folder, "pkey -in ec.key -traditional -out ec-sec1.key");
    openssl(folder, "pkey -in rsa.key -traditional -out rsa-pkcs1.key");
    let header = |name: &str| fs::read_to_string(folder.join(name)).expect("it is there");
    assert!(header("ec-sec1.key").contains("BEGIN EC PRIVATE KEY"));
    assert!(header("rsa-pkcs1.key").contains("BEGIN RSA PRIVATE KEY"));
    for (name, key) in [
        ("ec", "ec.key"),
        ("ec", "ec-sec1.key"),
        ("p384", "p384.key"),
        ("rsa", "rsa.key"),
        ("rsa", "rsa-pkcs1.key"),
        ("ed", "ed.key"),
    ] {
        let certificate = folder.join(format!("{name}.pem"));
        let (cert, key) = (certificate.to_string_lossy(), folder.join(key));
        let (server, tls) = start(&["--tls-cert", &cert, "--tls-key", &key.to_string_lossy()]);
        let expected = fingerprint_of(folder, &cert);
        assert_eq!(told(&server), expected, "{key:?}");
        assert_eq!(shown(folder, tls.port()), expected, "{key:?}");
    }
}

#[test]
fn what_cannot_be_shown_is_one_clear_line_at_the_start() {
    let folder = TempDir::new().expect("a directory");
    let folder = folder.path();
    certificate(folder, "good", EC, 30);
    certificate(folder, "other", EC, 30);
    over(folder);
    openssl(
        folder,
        "pkey -in good.key -aes256 -passout pass:secret -out locked.key",
    );
    fs::copy(folder.join("good.key"), folder.join("secret.key")).expect("a copy");
    let pipe = Command::new("mkfifo").arg(folder.join("pipe")).status();
    assert!(pipe.is_ok_and(|status| status.success()));
    let nobody = Permissions::from_mode(0o000);
    fs::set_permissions(folder.join("secret.key"), nobody).expect("it is ours");
    for (certificate, key, expected) in [
        (
            "nowhere.pem",
            "good.key",
            "nowhere.pem: there is no such file",
        ),
        (
            "good.pem",
            "secret.key",
            "secret.key: it may not be read by the user",
        ),
        (
            "good.key",
            "good.key",
            "good.key: there is no certificate in it",
        ),
        (
            "good.pem",
            "good.pem",
            "good.pem: there is no private key in it",
        ),
        ("good.pem", "locked.key", "locked.key: the key is encrypted"),
        (
            "good.pem",
            "other.key",
            "other.key: the key belongs to another certificate than",
        ),
        (
            "over.pem",
            "over.key",
            "over.pem: the certificate was valid until",
        ),
        (".", "good.key", "it is not a file"),
        ("good.pem", "pipe", "pipe: it is not a file"),
    ] {
        let (certificate, key) = (folder.join(certificate), folder.join(key));
        let (certificate, key) = (certificate.to_string_lossy(), key.to_string_lossy());
        let listen = ["--listen", "tls+127.0.0.1:0"];
        let output = run_as_anybody(
            &[
                &listen[..],
                &["--tls-cert", &certificate, "--tls-key", &key],
            ]
            .concat(),
        );
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(
            told.starts_with("parlor: tls ") && told.contains(expected),
            "{told}"
        );
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    let output = run(&["--listen", "tls+127.0.0.1:0", "--tls-cert", "x.pem"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("give --tls-key FILE too"), "{told}");
}

#[test]
fn a_key_that_everybody_can_read_is_warned_of() {
    let folder = TempDir::new().expect("a directory");
    certificate(folder.path(), "good", EC, 30);
    let (cert, key) = (
        folder.path().join("good.pem"),
        folder.path().join("good.key"),
    );
    let args = [
        "--tls-cert",
        &cert.to_string_lossy(),
        "--tls-key",
        &key.to_string_lossy(),
    ];
    fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("it is ours");
    let (server, _) = start(&args);
    server.expect_log("good.key can be read by everybody on this machine: chmod 600 it");
    drop(server);
    fs::set_permissions(&key, Permissions::from_mode(0o640)).expect("it is ours");
    let (server, _) = start(&args);
    assert!(!server.log().contains("can be read by"), "{}", server.log());
}

#[test]
fn a_unix_socket_may_be_by_tls() {
    let folder = TempDir::new().expect("a directory");
    let path = folder.path().join("chat.sock");
    let server = Server::start(&["--listen", &format!("tls+unix:{}", path.display())]);
    eventually("it listens", || {
        server.log().contains("listening on tls+unix:")
    });
    let shell =
        "printf '4\\nann\\n\\\\whois ann\\n\\\\quit\\n' | openssl s_client -quiet -unix chat.sock";
    let output = Command::new("sh")
        .args(["-c", shell])
        .current_dir(folder.path())
        .output();
    let output = output.expect("sh runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        printed.contains("by tls.") && printed.contains("Goodbye."),
        "{printed}"
    );
}

#[test]
fn another_certificate_is_shown_after_sighup_and_nobody_is_dropped() {
    let folder = TempDir::new().expect("a directory");
    let folder = folder.path();
    for name in ["shown", "next"] {
        certificate(folder, name, EC, 30);
    }
    let (cert, key) = (folder.join("shown.pem"), folder.join("shown.key"));
    let args = [
        "--tls-cert",
        &cert.to_string_lossy(),
        "--tls-key",
        &key.to_string_lossy(),
    ];
    let (server, tls) = start(&args);
    let (first, next) = (told(&server), fingerprint_of(folder, "next.pem"));
    let mut ann = server.client_at("ann", tls_way_to(tls, usize::MAX));
    ann.expect("anon> ");
    // A key of another certificate: all stays as it was.
    fs::rename(folder.join("next.pem"), &cert).expect("it is there");
    server.signal("HUP");
    server.expect_log("reload: nothing was changed: tls key");
    assert_eq!(shown(folder, tls.port()), first);
    fs::rename(folder.join("next.key"), &key).expect("it is there");
    server.signal("HUP");
    server.expect_log(&format!("reload: tls certificate sha256 {next}"));
    assert_eq!(shown(folder, tls.port()), next);
    ann.line("\\stats");
    ann.expect(&next[..47]);
    // The same again is no news.
    server.signal("HUP");
    server.expect_log("reload: nothing has changed");
}

#[test]
fn a_listener_by_tls_that_a_reload_adds_has_its_certificate() {
    let folder = TempDir::new().expect("a directory");
    let config = folder.path().join("parlor.toml");
    let listen = |more: &str| {
        let text = format!(
            "data = {:?}\nlisten = [\"127.0.0.1:0\"{more}]\n",
            folder.path().join("chat.db")
        );
        fs::write(&config, text).expect("a file");
    };
    listen("");
    let server = Server::start_by(Command::new(PROGRAM).arg("--config").arg(&config));
    let made = folder.path().join("chat.db-tls.pem");
    assert!(!made.exists(), "nobody needs it");
    listen(", \"tls+127.0.0.1:0\"");
    server.signal("HUP");
    let port = server.listening("tls+127.0.0.1:");
    let fingerprint = shown(folder.path(), port);
    assert_eq!(told(&server), fingerprint);
    assert!(made.exists());
    listen("");
    server.signal("HUP");
    server.expect_log("no longer listening on tls+");
    let mut ann = server.client("ann");
    ann.line("\\stats");
    ann.expect("lines: ");
    assert!(!ann.expect("anon> ").contains("certificate"));
}
