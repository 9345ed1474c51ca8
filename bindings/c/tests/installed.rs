//! An installation into a private prefix, used as a C programmer would.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

use std::process::Command;

/// What the script ends with if a tool is missing and this is not CI.
const SKIPPED: i32 = 77;

#[test]
fn an_installation_serves_pkg_config_cmake_and_the_examples() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../packaging/test");
    let output = Command::new(script).output().unwrap();
    print!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() || output.status.code() == Some(SKIPPED));
}
