package org.secondsite.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a client of the metrics' address is answered. */
@Timeout(180)
class MetricsServerTest {
    private static final InetSocketAddress ANY_PORT = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private enum Colour {
        RED,
        GREEN
    }

    private record Thing(double size, Colour colour) {}

    private static final MetricTable<Thing> THINGS = new MetricTable<Thing>()
            .gauge("thing_bytes", "How large.\nWith a \\.", Thing::size)
            .state("thing_colour", "Its colour.", Colour.values(), Thing::colour)
            .counters(
                    "thing_turns", "Turns.", "to", Colour.values(), (thing, colour) -> colour == Colour.RED ? 0.5 : 1.5)
            .histogram(
                    "thing_age_seconds",
                    "Ages.",
                    thing -> Buckets.of(List.of(1L, 2L, 1500L), new long[] {3, 0, 2, 1}, 7000, 1000));

    private static Scrape scrape() {
        Scrape scrape = new Scrape();
        scrape.read(THINGS, new Thing(3, Colour.GREEN), "name", "a \"b\"\n\\");
        return scrape;
    }

    private static HttpResponse<String> ask(MetricsServer server, String method, String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + server.address().getPort() + path);
            return client.send(
                    HttpRequest.newBuilder(uri)
                            .method(method, HttpRequest.BodyPublishers.noBody())
                            .build(),
                    HttpResponse.BodyHandlers.ofString());
        }
    }

    @Test
    void writesTheTextFormat() throws Exception {
        try (MetricsServer server = MetricsServer.open(ANY_PORT, MetricsServerTest::scrape)) {
            HttpResponse<String> answer = ask(server, "GET", "/metrics");
            assertEquals(200, answer.statusCode());
            assertEquals(
                    "text/plain; version=0.0.4; charset=utf-8",
                    answer.headers().firstValue("Content-Type").orElseThrow());
            // prometheus.io/docs/instrumenting/exposition_formats: in HELP \ and line feeds are escaped, in labels "
            // too.
            assertEquals("""
                    # HELP secondsite_thing_age_seconds Ages.
                    # TYPE secondsite_thing_age_seconds histogram
                    secondsite_thing_age_seconds_bucket{name="a \\"b\\"\\n\\\\",le="0.001"} 3
                    secondsite_thing_age_seconds_bucket{name="a \\"b\\"\\n\\\\",le="0.002"} 3
                    secondsite_thing_age_seconds_bucket{name="a \\"b\\"\\n\\\\",le="1.5"} 5
                    secondsite_thing_age_seconds_bucket{name="a \\"b\\"\\n\\\\",le="+Inf"} 6
                    secondsite_thing_age_seconds_count{name="a \\"b\\"\\n\\\\"} 6
                    secondsite_thing_age_seconds_sum{name="a \\"b\\"\\n\\\\"} 7.0
                    # HELP secondsite_thing_bytes How large.\\nWith a \\\\.
                    # TYPE secondsite_thing_bytes gauge
                    secondsite_thing_bytes{name="a \\"b\\"\\n\\\\"} 3.0
                    # HELP secondsite_thing_colour Its colour.
                    # TYPE secondsite_thing_colour gauge
                    secondsite_thing_colour{name="a \\"b\\"\\n\\\\",state="green"} 1.0
                    secondsite_thing_colour{name="a \\"b\\"\\n\\\\",state="red"} 0.0
                    # HELP secondsite_thing_turns_total Turns.
                    # TYPE secondsite_thing_turns_total counter
                    secondsite_thing_turns_total{name="a \\"b\\"\\n\\\\",to="green"} 1.5
                    secondsite_thing_turns_total{name="a \\"b\\"\\n\\\\",to="red"} 0.5
                    """, answer.body());
        }
    }

    @Test
    void servesNothingElseAndChangesNothing() throws Exception {
        try (MetricsServer server = MetricsServer.open(ANY_PORT, MetricsServerTest::scrape)) {
            assertEquals(404, ask(server, "GET", "/").statusCode());
            assertEquals(404, ask(server, "GET", "/metrics/").statusCode());
            assertEquals(404, ask(server, "GET", "/metricsx").statusCode());
            assertEquals(404, ask(server, "POST", "/other").statusCode());
            HttpResponse<String> post = ask(server, "POST", "/metrics");
            assertEquals(405, post.statusCode());
            assertEquals("GET, HEAD", post.headers().firstValue("Allow").orElseThrow());
            HttpResponse<String> head = ask(server, "HEAD", "/metrics");
            assertEquals(200, head.statusCode());
            assertEquals("", head.body());
            assertEquals(200, ask(server, "GET", "/metrics?format=any").statusCode());
        }
    }

    @Test
    void idleConnectionsAndHalfRequestsKeepNobodyOutAndAreFew() throws Exception {
        List<Socket> idle = new ArrayList<>();
        try (MetricsServer server = MetricsServer.open(ANY_PORT, MetricsServerTest::scrape)) {
            for (int i = 0; i < 200; i++) {
                Socket one = new Socket(
                        server.address().getAddress(), server.address().getPort());
                one.getOutputStream().write("GET /met".getBytes(StandardCharsets.US_ASCII));
                idle.add(one);
            }
            assertEquals(200, ask(server, "GET", "/metrics").statusCode());
            Socket oldest = idle.getFirst();
            oldest.setSoTimeout(20_000);
            assertTrue(ended(oldest), "the oldest gave way");
        } finally {
            for (Socket one : idle) {
                one.close();
            }
        }
    }

    private static boolean ended(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException reset) {
            return true;
        }
    }

    @Test
    void whatIsNoRequestIsAnsweredOrCutAndNothingIsReadWithoutEnd() throws Exception {
        try (MetricsServer server = MetricsServer.open(ANY_PORT, MetricsServerTest::scrape)) {
            for (String garbage :
                    List.of("\0\0\0\r\n\r\n", "GET\n\n", "GET /metrics SIP/2.0\r\n\r\n", "x".repeat(9000))) {
                try (Socket one = new Socket(
                        server.address().getAddress(), server.address().getPort())) {
                    one.setSoTimeout(20_000);
                    one.getOutputStream().write(garbage.getBytes(StandardCharsets.US_ASCII));
                    byte[] answer = one.getInputStream().readNBytes(12);
                    assertEquals("HTTP/1.1 400", new String(answer, StandardCharsets.US_ASCII), garbage);
                }
            }
        }
    }

    @Test
    void figuresThatCannotBeHadAreNoFigures() throws Exception {
        try (MetricsServer server = MetricsServer.open(ANY_PORT, () -> {
            throw new IllegalStateException("the conductor hangs");
        })) {
            HttpResponse<String> answer = ask(server, "GET", "/metrics");
            assertEquals(503, answer.statusCode());
            assertTrue(answer.body().contains("the conductor hangs"), answer::body);
        }
    }

    @Test
    void aSeriesThatIsThereTwiceIsRefused() throws Exception {
        Scrape twice = scrape();
        twice.read(THINGS, new Thing(4, Colour.RED), "name", "a \"b\"\n\\");
        try (MetricsServer server = MetricsServer.open(ANY_PORT, () -> twice)) {
            assertEquals(503, ask(server, "GET", "/metrics").statusCode());
        }
    }

    @Test
    void aTakenAddressIsAnErrorThatNamesIt() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), taken.getLocalPort());
            IOException failure =
                    assertThrows(IOException.class, () -> MetricsServer.open(address, MetricsServerTest::scrape));
            assertEquals(
                    "metrics.listen: cannot listen on 127.0.0.1:" + taken.getLocalPort() + ": Address already in use",
                    failure.getMessage());
        }
    }
}
