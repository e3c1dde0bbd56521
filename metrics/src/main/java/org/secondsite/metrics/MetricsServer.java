package org.secondsite.metrics;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers {@code GET /metrics} with the figures of the moment, over plain HTTP; nothing else is served, and nothing can be
 * changed here.
 *
 * <p>The JDK's own server: it costs nothing where it is not used, and no further library. A client that does not finish its
 * request is cut off, and there are only so many at a time.
 */
public final class MetricsServer implements AutoCloseable {
    /** Where the figures are. */
    public static final String PATH = "/metrics";

    private static final Logger LOG = LoggerFactory.getLogger(MetricsServer.class);
    private static final String SECONDS_FOR_A_REQUEST = "10";
    private static final String MAX_CONNECTIONS = "32";
    private static final int BACKLOG = 16;

    static {
        // The only way to bound them: module jdk.httpserver reads these when it is first used.
        setUnlessSet("sun.net.httpserver.maxReqTime", SECONDS_FOR_A_REQUEST);
        setUnlessSet("sun.net.httpserver.maxRspTime", SECONDS_FOR_A_REQUEST);
        setUnlessSet("jdk.httpserver.maxConnections", MAX_CONNECTIONS);
    }

    /** Where the figures come from. */
    @FunctionalInterface
    public interface Source {
        /**
         * Reads them; runs on a thread of the server and may wait.
         *
         * @throws Exception if they cannot be had now; the client is told so
         */
        Scrape scrape() throws Exception;
    }

    private final HttpServer server;
    private final ExecutorService requests;
    private final Source source;
    private final AtomicLong toldInSecond = new AtomicLong(Long.MIN_VALUE);
    private final LongAdder untold = new LongAdder();

    private MetricsServer(HttpServer server, Source source) {
        this.server = server;
        this.source = source;
        requests = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("metrics-", 0).factory());
    }

    /**
     * Listens.
     *
     * @param listen where; port 0 lets the system choose
     * @throws IOException if the address cannot be had, with a message that says which and why
     */
    public static MetricsServer open(InetSocketAddress listen, Source source) throws IOException {
        HttpServer http;
        try {
            http = HttpServer.create(listen, BACKLOG);
        } catch (IOException e) {
            throw new IOException("metrics.listen: cannot listen on " + text(listen) + ": " + e.getMessage(), e);
        }
        MetricsServer metrics = new MetricsServer(http, source);
        http.createContext("/", metrics::serve);
        http.setExecutor(metrics.requests);
        http.start();
        LOG.info("metrics are at http://{}{}", text(http.getAddress()), PATH);
        return metrics;
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return server.getAddress();
    }

    private void serve(HttpExchange exchange) throws IOException {
        try (exchange) {
            String method = exchange.getRequestMethod();
            if (!exchange.getRequestURI().getPath().equals(PATH)) {
                answer(exchange, 404, "there is only " + PATH + "\n");
            } else if (!method.equals("GET") && !method.equals("HEAD")) {
                exchange.getResponseHeaders().set("Allow", "GET, HEAD");
                answer(exchange, 405, "only GET and HEAD\n");
            } else {
                figures(exchange);
            }
        }
    }

    private void figures(HttpExchange exchange) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            source.scrape().write(text);
        } catch (Exception e) {
            tellFailure(exchange, e);
            answer(exchange, 503, "the figures cannot be had now: " + e + "\n");
            return;
        }
        send(exchange, 200, Scrape.CONTENT_TYPE, text);
    }

    /** Whoever reaches the port decides how often there would be something to tell. */
    private void tellFailure(HttpExchange exchange, Exception failure) {
        long second = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime());
        if (toldInSecond.getAndSet(second) == second) {
            untold.increment();
        } else {
            LOG.warn("no metrics for {} ({} more before)", exchange.getRemoteAddress(), untold.sumThenReset(), failure);
        }
    }

    private static void answer(HttpExchange exchange, int status, String words) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        text.writeBytes(words.getBytes(StandardCharsets.UTF_8));
        send(exchange, status, "text/plain; charset=utf-8", text);
    }

    private static void send(HttpExchange exchange, int status, String type, ByteArrayOutputStream body)
            throws IOException {
        exchange.getResponseHeaders().set("Content-Type", type);
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", Integer.toString(body.size()));
            exchange.sendResponseHeaders(status, -1);
        } else {
            exchange.sendResponseHeaders(status, body.size());
            body.writeTo(exchange.getResponseBody());
        }
    }

    private static String text(InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + address.getPort();
    }

    private static void setUnlessSet(String property, String value) {
        if (System.getProperty(property) == null) {
            System.setProperty(property, value);
        }
    }

    @Override
    public void close() {
        server.stop(0);
        requests.shutdownNow();
    }
}
