package org.secondsite.gateway.management;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.metrics.MetricsServer;
import org.secondsite.metrics.Scrape;
import org.secondsite.net.io.AcceptPause;
import org.secondsite.net.io.StrangersLog;
import org.secondsite.net.life.io.Life;
import org.secondsite.net.life.io.LivingLoop;
import org.slf4j.LoggerFactory;

/** A process that has no file descriptor left, and callers at its management socket, at a port and at that of the metrics. */
@Tag("slow")
@Timeout(180)
class NoDescriptorTest {
    private static final int PATIENCE_MS = 60_000;
    private static final int LOOKED_AT_MS = 2000;

    /** Serves both, and takes and gives back descriptors when it is told to. */
    static final class Server {
        private Server() {}

        public static void main(String[] arguments) throws Exception {
            // Its classes are in directories here, and cannot be loaded later.
            new StrangersLog(LoggerFactory.getLogger(Server.class)).tell("warm", "{}", "ready");
            ManagementServer management = ManagementServer.open(
                    Path.of(arguments[0]), Map.of("ping", request -> JsonNodeFactory.instance.objectNode()));
            Channel port = new ServerBootstrap()
                    .group(new LivingLoop("port", Life.unwatched("port"), EpollIoHandler.newFactory()))
                    .channel(EpollServerSocketChannel.class)
                    .handler(new AcceptPause("a port"))
                    .childHandler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel channel) {
                            var _ = channel.close();
                        }
                    })
                    .bind(InetAddress.getLoopbackAddress(), 0)
                    .sync()
                    .channel();
            MetricsServer metrics =
                    MetricsServer.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), Scrape::new);
            try (Socket warm = ask(metrics.address().getPort())) {
                warm.getInputStream().readAllBytes();
            }
            BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, UTF_8));
            System.out.println(((InetSocketAddress) port.localAddress()).getPort());
            System.out.println(metrics.address().getPort());
            orders.readLine();
            List<FileInputStream> open = takeAll();
            System.out.println("none left");
            orders.readLine();
            for (FileInputStream one : open) {
                one.close();
            }
            orders.readLine();
            metrics.close();
            management.close();
        }

        static Socket ask(int metrics) throws IOException {
            Socket client = new Socket(InetAddress.getLoopbackAddress(), metrics);
            client.getOutputStream().write("GET /metrics HTTP/1.1\r\nHost: here\r\n\r\n".getBytes(UTF_8));
            return client;
        }

        private static List<FileInputStream> takeAll() {
            List<FileInputStream> open = new ArrayList<>();
            try {
                while (true) {
                    open.add(new FileInputStream("/dev/null"));
                }
            } catch (IOException full) {
                return open;
            }
        }
    }

    @TempDir
    private Path directory;

    @Test
    void callersWaitWithoutALoopAndAreServedWhenThereAreDescriptorsAgain() throws Exception {
        Path socket = directory.resolve("management");
        Process process = new ProcessBuilder(
                        "sh",
                        "-c",
                        "ulimit -n 400; exec \"$@\"",
                        "sh",
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Server.class.getName(),
                        socket.toString())
                .redirectErrorStream(true)
                .start();
        // What is waited for below ends with the process at the latest.
        CompletableFuture.delayedExecutor(PATIENCE_MS, TimeUnit.MILLISECONDS).execute(process::destroyForcibly);
        try (BufferedReader said = process.inputReader();
                Writer orders = process.outputWriter()) {
            int port = port(said);
            int metrics = port(said);
            order(orders);
            awaitLine(said, "none left");
            try (SocketChannel operator = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                    Socket stranger = new Socket(InetAddress.getLoopbackAddress(), port);
                    Socket scraper = Server.ask(metrics)) {
                stranger.setSoTimeout(PATIENCE_MS);
                scraper.setSoTimeout(PATIENCE_MS);
                operator.write(ByteBuffer.wrap("{\"command\": \"ping\"}\n".getBytes(UTF_8)));
                awaitLine(said, "no connection can be accepted");
                Duration before = cpu(process);
                Thread.sleep(LOOKED_AT_MS);
                Duration used = cpu(process).minus(before);
                assertTrue(used.toMillis() < LOOKED_AT_MS / 2, () -> "used " + used);
                order(orders);
                assertEquals(-1, stranger.getInputStream().read(), "accepted, and closed");
                assertEquals("HTTP/1.1 200", new String(scraper.getInputStream().readNBytes(12), UTF_8));
                ByteBuffer answer = ByteBuffer.allocate(3);
                while (answer.hasRemaining()) {
                    assertTrue(operator.read(answer) > 0);
                }
                assertEquals("{}\n", new String(answer.array(), UTF_8));
            }
            order(orders);
            long lines = said.lines()
                    .filter(line -> line.contains("can be accepted"))
                    .count();
            assertTrue(lines < 100, () -> lines + " lines");
        } finally {
            process.destroyForcibly();
        }
    }

    private static int port(BufferedReader said) throws IOException {
        String line = said.readLine();
        while (!line.matches("\\d+")) {
            line = said.readLine();
        }
        return Integer.parseInt(line);
    }

    private static void awaitLine(BufferedReader said, String part) throws IOException {
        String line = said.readLine();
        while (line != null && !line.contains(part)) {
            line = said.readLine();
        }
        assertTrue(line != null, () -> "ended without: " + part);
    }

    private static void order(Writer orders) throws IOException {
        orders.write('\n');
        orders.flush();
    }

    private static Duration cpu(Process process) {
        return process.toHandle().info().totalCpuDuration().orElseThrow();
    }
}
