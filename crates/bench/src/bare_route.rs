//! The route that `GET /init` is compared with: the same web framework, as many workers, the same size of answer, and
//! nothing behind it. Run in a process of its own, as the service is.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};

use actix_web::{App, HttpResponse, HttpServer, web};

/// An answer like the one of a widget with a handful of settings.
const BODY: &str = r##"{"widgetId":"01a1b2c3-0000-7000-8000-000000000000","name":"Support Chat","customization":{"avatarUrl":null,"position":"bottom-right","primaryColor":"#6366f1","title":"How can we help?"}}"##;

/// Prints its address and serves until it is killed.
pub(crate) fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    writeln!(std::io::stdout(), "{}", listener.local_addr()?)?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    actix_web::rt::System::new().block_on(async move {
        let route =
            || web::get().to(|| async { HttpResponse::Ok().content_type("application/json").body(BODY) });
        HttpServer::new(move || App::new().route("/init", route()))
            .workers(workers)
            .listen(listener)?
            .run()
            .await
    })?;
    Ok(())
}
