//! *Pure.* Clients of other protocols, told by their first bytes: they are answered once and let go, since
//! what they send is no chat and would only fill the menu with complaints.

/// Methods of HTTP/1.1 (RFC 9110, section 9; RFC 5789) and the preface of HTTP/2.
const METHODS: [&[u8]; 10] = [
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"PUT ",
    b"DELETE ",
    b"CONNECT ",
    b"OPTIONS ",
    b"TRACE ",
    b"PATCH ",
    b"PRI ",
];

/// What the first bytes of a connection, up to the first line end at most, say of it: the name of the
/// protocol, if it is one that we know not to speak.
pub fn protocol(first: &[u8]) -> Option<&'static str> {
    // A TLS record of type handshake, version 3.x (RFC 8446, section 5.1). Nobody types Ctrl-V Ctrl-C.
    if first.starts_with(&[0x16, 0x03]) {
        return Some("TLS");
    }
    if first.starts_with(b"SSH-") {
        return Some("SSH");
    }
    let is_http = METHODS.iter().any(|method| first.starts_with(method))
        && first
            .windows(7)
            .any(|window| window == b" HTTP/1" || window == b" HTTP/2");
    is_http.then_some("HTTP")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_protocols_are_told_by_their_first_bytes() {
        let table: &[(&[u8], Option<&str>)] = &[
            (b"GET / HTTP/1.1", Some("HTTP")),
            (b"POST /x HTTP/1.0", Some("HTTP")),
            (b"PRI * HTTP/2.0", Some("HTTP")),
            (b"\x16\x03\x01\x02\x00\x01", Some("TLS")),
            (b"\x16\x03", Some("TLS")),
            (b"SSH-2.0-OpenSSH_9.2", Some("SSH")),
            (b"GET well soon", None),
            (b"GET ", None),
            (b"\x16", None),
            (b"1", None),
            (b"", None),
        ];
        for (first, expected) in table {
            assert_eq!(protocol(first), *expected, "{first:?}");
        }
    }
}
