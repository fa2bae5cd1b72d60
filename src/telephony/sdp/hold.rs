/// The same description, with the peer held: nothing is received (RFC 3264, 8.4).
pub fn hold(description: &str) -> String {
    let held = |line: &str| match line {
        "a=sendrecv" => "a=sendonly".to_owned(),
        "a=recvonly" => "a=inactive".to_owned(),
        other => other.to_owned(),
    };
    description.lines().map(held).flat_map(|line| [line, "\r\n".to_owned()]).collect()
}
