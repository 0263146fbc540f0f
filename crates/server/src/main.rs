//! The `chatloom` binary: read the settings, start, wait for a signal, stop.

use std::ffi::OsString;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use chatloom_server::config::{Config, Invocation};
use chatloom_server::lifecycle::{self, Signals};
use chatloom_server::{logging, settings};

/// After everything was flushed, nothing on a blocking thread is worth a longer wait.
const RUNTIME_SHUTDOWN: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let outcome = match Invocation::parse(arguments, &settings::process_environment) {
        Ok(Invocation::Serve(config)) => serve(*config),
        Ok(Invocation::Print(message)) => {
            let status = u8::try_from(message.exit_code()).unwrap_or(2);
            // With nobody to read it, there is nobody to tell either.
            let _ = message.print();
            return ExitCode::from(status);
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "chatloom: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn serve(config: Config) -> anyhow::Result<()> {
    logging::start(&config)?;
    // Turns run here while the HTTP server has threads of its own. One thread alone could be held up by a long
    // poll while a lease is due, so there are at least two.
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().max(2));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .context("no runtime")?;
    let outcome = runtime.block_on(async {
        let signals = Signals::listen().context("cannot listen for signals")?;
        let server = chatloom_server::start(config).await?;
        if let Some(greeting) = server.greeting() {
            let _ = stdout().lock().write_all(greeting.as_bytes());
        }
        lifecycle::run(server, signals).await.context("the HTTP server failed")
    });
    runtime.shutdown_timeout(RUNTIME_SHUTDOWN);
    outcome
}
