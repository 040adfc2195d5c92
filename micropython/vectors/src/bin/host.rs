//! Prints the host's results for the vectors.

fn main() {
    let mut lines = String::new();
    let _ = umqtt_micropython_vectors::run(&mut lines);
    print!("{lines}");
}
