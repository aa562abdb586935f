//! The socket file of operators: for the user of the server, and for root.

use std::fs;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::unistd::{Uid, User};
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use smol::Async;

use crate::net::listener::bind_private;

/// Listens for operators. The file is removed when it is dropped.
#[derive(Debug)]
pub struct AdminListener {
    socket: Async<UnixListener>,
    path: PathBuf,
}

impl AdminListener {
    /// Listens at `path`, with mode 0600. The file of a server that has gone is replaced.
    ///
    /// # Errors
    ///
    /// A sentence for the operator.
    pub fn bind(path: &Path) -> Result<AdminListener, String> {
        let socket = bind_private(path)
            .map_err(|why| format!("cannot listen for operators on {}: {why}", path.display()))?;
        Ok(AdminListener {
            socket,
            path: path.to_owned(),
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for the next client. Its user is `None` if that is neither the server's nor root: the mode of the file may
    /// have been changed.
    pub(super) async fn accept(&self) -> io::Result<(Async<UnixStream>, Option<Box<str>>)> {
        let (socket, _) = self.socket.accept().await?;
        let user = user_of(&socket)?;
        Ok((socket, user))
    }
}

impl Drop for AdminListener {
    fn drop(&mut self) {
        // If it is gone already, that is what was wanted.
        let _ = fs::remove_file(&self.path);
    }
}

fn user_of(socket: &Async<UnixStream>) -> io::Result<Option<Box<str>>> {
    let uid = socket_peercred(socket.get_ref())?.uid;
    if uid != geteuid() && !uid.is_root() {
        return Ok(None);
    }
    let uid = uid.as_raw();
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    // It stands in a line of the log.
    let is_plain = |name: &str| !name.is_empty() && name.bytes().all(|c| c.is_ascii_graphic());
    let name = user.map(|user| user.name).filter(|name| is_plain(name));
    Ok(Some(name.unwrap_or_else(|| uid.to_string()).into()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_socket_is_for_its_user_alone_and_one_that_was_abandoned_is_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("admin.sock");
        let listener = AdminListener::bind(&path).expect("it can listen");
        let mode = fs::metadata(&path)
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let taken = AdminListener::bind(&path).expect_err("it is taken");
        let expected = format!(
            "cannot listen for operators on {}: it is in use already",
            path.display()
        );
        assert_eq!(taken, expected);
        let client = UnixStream::connect(&path).expect("it listens");
        let (_, user) = smol::block_on(listener.accept()).expect("a client");
        assert!(user.is_some());
        drop((client, listener));
        assert!(!path.exists());
        // Left behind by a server that was killed.
        drop(UnixListener::bind(&path).expect("a socket"));
        assert!(path.exists());
        AdminListener::bind(&path).expect("nobody has it");
        // What is no socket is nobody's to remove.
        fs::write(&path, "precious").expect("a file");
        AdminListener::bind(&path).expect_err("something is there");
        assert_eq!(fs::read(&path).expect("it is there"), b"precious");
    }
}
