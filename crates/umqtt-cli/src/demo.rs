//! `umqtt demo`.
use crate::exit::Failure;
use crate::flags::DemoArgs;
pub(crate) fn run(args: &DemoArgs) -> Result<(), Failure> {
    let _ = (&args.broker, args.fast);
    Ok(())
}
