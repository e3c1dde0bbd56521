package org.secondsite.management.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.TlsFiles;
import org.secondsite.config.io.PemIdentity;
import org.secondsite.management.JudgedFile;
import org.secondsite.pki.PkiCommand;

/** Real sockets, and Java's own client of HTTP. */
class HttpsServerTest {
    private static final String TOKEN = "b2f6a1e05d7c4f38a9e1";
    private static final String TUNNEL = "/restconf/data/secondsite-gateway:gateway/tunnel";

    @TempDir
    private Path directory;

    private final JudgedFile file = new JudgedFile(JudgedFile.resource("/org/secondsite/management/everything.yaml"));
    private HttpsServer server;

    @BeforeEach
    void opens() throws Exception {
        assertEquals(0, PkiCommand.execute("--directory", directory.toString(), "a", "automation", "grafana", "other"));
        Path tokens = directory.resolve("tokens");
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(TOKEN.getBytes(StandardCharsets.UTF_8));
        Files.writeString(tokens, "# whose\nscript " + HexFormat.of().formatHex(digest) + "\n");
        Files.setPosixFilePermissions(tokens, PosixFilePermissions.fromString("rw-------"));
        server = HttpsServer.open(
                new GatewayConfig.Https(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), 0),
                        files("a"),
                        List.of("automation", "script"),
                        List.of(),
                        List.of("grafana"),
                        Optional.of(tokens)),
                file);
    }

    @AfterEach
    void closes() {
        server.close();
    }

    private TlsFiles files(String name) {
        return new TlsFiles(
                directory.resolve(name + ".crt"),
                directory.resolve(name + ".key"),
                directory.resolve("ca.crt"),
                Optional.empty());
    }

    /** Sites' certificates bear no host names, so whoever compares one compares nothing. */
    private static final TrustManager ANY_SERVER = new X509ExtendedTrustManager() {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    };

    private HttpClient client(String name) throws Exception {
        return HttpClient.newBuilder()
                .sslContext(context(name))
                .version(HttpClient.Version.HTTP_1_1)
                .build();
    }

    private SSLContext context(String name) throws Exception {
        SSLContext context = SSLContext.getInstance("TLSv1.3");
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        if (!name.isEmpty()) {
            TlsFiles files = files(name);
            PemIdentity identity =
                    PemIdentity.read(files.certificate(), files.key()).orElseThrow();
            Certificate leaf;
            try (var in = Files.newInputStream(files.certificate())) {
                leaf = CertificateFactory.getInstance("X.509").generateCertificate(in);
            }
            store.setKeyEntry("own", identity.key(), new char[0], new Certificate[] {leaf});
        }
        keys.init(store, new char[0]);
        context.init(keys.getKeyManagers(), new TrustManager[] {ANY_SERVER}, new SecureRandom());
        return context;
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(
                URI.create("https://127.0.0.1:" + server.address().getPort() + path));
    }

    private HttpRequest patch(int heartbeatMs) {
        return request(TUNNEL)
                .header("Content-Type", "application/yang-data+json")
                .method(
                        "PATCH",
                        HttpRequest.BodyPublishers.ofString(
                                "{\"secondsite-gateway:tunnel\": {\"heartbeat-ms\": " + heartbeatMs + "}}"))
                .build();
    }

    private static int status(HttpClient client, HttpRequest request) throws Exception {
        return client.send(request, HttpResponse.BodyHandlers.ofString()).statusCode();
    }

    @Test
    void certificateSaysWhatSomebodyMay() throws Exception {
        try (HttpClient admin = client("automation");
                HttpClient viewer = client("grafana")) {
            assertEquals(200, status(admin, request(TUNNEL).build()));
            assertEquals(204, status(admin, patch(30)));
            assertEquals(200, status(viewer, request(TUNNEL).build()));
            assertEquals(403, status(viewer, patch(20)));
            assertEquals(204, status(admin, patch(25)), "the same connection goes on");
        }
        assertTrue(file.running().text().contains("heartbeatMs: 25"));
    }

    @Test
    void whoHasACertificateThatNobodyKnowsIsToldNothing() throws Exception {
        try (HttpClient other = client("other")) {
            assertThrows(IOException.class, () -> status(other, request(TUNNEL).build()));
        }
    }

    @Test
    void tokenIsWorthACertificate() throws Exception {
        try (HttpClient nobody = client("")) {
            String basic =
                    "Basic " + Base64.getEncoder().encodeToString(("script:" + TOKEN).getBytes(StandardCharsets.UTF_8));
            assertEquals(
                    200,
                    status(
                            nobody,
                            request(TUNNEL).header("Authorization", basic).build()));
            assertEquals(
                    200,
                    status(
                            nobody,
                            request(TUNNEL)
                                    .header("Authorization", "Bearer " + TOKEN)
                                    .build()));
            for (String wrong : List.of(
                    "",
                    "Basic",
                    "Basic !!",
                    "Bearer x",
                    "Bearer " + TOKEN + "1",
                    "Basic "
                            + Base64.getEncoder().encodeToString(("root:" + TOKEN).getBytes(StandardCharsets.UTF_8)))) {
                HttpRequest.Builder request = request(TUNNEL);
                if (!wrong.isEmpty()) {
                    request.header("Authorization", wrong);
                }
                assertEquals(401, status(nobody, request.build()), wrong);
            }
            Files.writeString(directory.resolve("tokens"), "");
            assertEquals(
                    401,
                    status(
                            nobody,
                            request(TUNNEL).header("Authorization", basic).build()));
        }
    }

    @Test
    void ofManyAtATimeNoneIsLost() throws Exception {
        try (HttpClient admin = client("automation")) {
            List<CompletableFuture<Integer>> answers = IntStream.range(0, 20)
                    .mapToObj(i -> request("/restconf/data/secondsite-gateway:gateway/groups=web")
                            .header("Content-Type", "application/yang-data+json")
                            .POST(HttpRequest.BodyPublishers.ofString(
                                    ("{\"secondsite-gateway:vms\": [{\"name\": \"n%d\", \"mac\": \"52:54:00:c0:20:%02x\","
                                                    + " \"addresses\": [\"203.0.113.%d\"], \"protected\": false,"
                                                    + " \"switch\": \"sw-a\", \"port\": \"n%d\"}]}")
                                            .formatted(i, i, 100 + i, i)))
                            .build())
                    .map(request -> admin.sendAsync(request, HttpResponse.BodyHandlers.ofString())
                            .thenApply(HttpResponse::statusCode))
                    .toList();
            List<Integer> statuses = new ArrayList<>();
            for (CompletableFuture<Integer> answer : answers) {
                statuses.add(answer.get());
            }
            assertTrue(statuses.stream().allMatch(status -> status == 201), statuses.toString());
        }
        assertEquals(
                22,
                JudgedFile.judged(file.running().text())
                        .groups()
                        .getFirst()
                        .vms()
                        .size());
    }

    /** Nobody's body is read before it is known whose it is: 4 MiB of each of a hundred strangers would be too much. */
    @Test
    void bodyOfAStrangerIsNotReadAndHeIsToldSo() throws Exception {
        try (SSLSocket socket = (SSLSocket) context("")
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
            socket.setSoTimeout(120_000);
            OutputStream out = socket.getOutputStream();
            out.write(("PATCH " + TUNNEL + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/yang-data+json\r\n"
                            + "Content-Length: 4000000\r\nAuthorization: Bearer nothing\r\n\r\n")
                    .getBytes(StandardCharsets.US_ASCII));
            out.flush();
            assertTrue(line(socket).startsWith("HTTP/1.1 401 "));
        }
    }

    /** Several requests in one piece are answered in their order, one after the other. */
    @Test
    void requestsThatComeTogetherAreAnsweredInTheirOrder() throws Exception {
        try (SSLSocket socket = (SSLSocket) context("automation")
                .getSocketFactory()
                .createSocket(InetAddress.getLoopbackAddress(), server.address().getPort())) {
            socket.setSoTimeout(120_000);
            StringBuilder requests = new StringBuilder();
            for (int i = 0; i < 20; i++) {
                requests.append("GET ")
                        .append(i % 2 == 0 ? TUNNEL : "/nowhere/" + i)
                        .append(" HTTP/1.1\r\nHost: x\r\n\r\n");
            }
            requests.append("GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            socket.getOutputStream().write(requests.toString().getBytes(StandardCharsets.US_ASCII));
            socket.getOutputStream().flush();
            String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            List<String> seen = Pattern.compile("HTTP/1.1 (\\d+)|/nowhere/\\d+")
                    .matcher(all)
                    .results()
                    .map(MatchResult::group)
                    .toList();
            List<String> due = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                due.add(i % 2 == 0 ? "HTTP/1.1 200" : "HTTP/1.1 404");
                if (i % 2 == 1) {
                    due.add("/nowhere/" + i);
                }
            }
            due.add("HTTP/1.1 404");
            assertEquals(due, seen);
        }
    }

    @Test
    void nobodyHasAllTheConnections() throws Exception {
        List<SSLSocket> open = new ArrayList<>();
        try (HttpClient viewer = client("grafana")) {
            SSLContext context = context("automation");
            int ended = 0;
            for (int i = 0; i < 40; i++) {
                SSLSocket socket = (SSLSocket) context.getSocketFactory()
                        .createSocket(
                                InetAddress.getLoopbackAddress(),
                                server.address().getPort());
                open.add(socket);
                socket.setSoTimeout(120_000);
                try {
                    socket.getOutputStream()
                            .write(("GET " + TUNNEL + " HTTP/1.1\r\nHost: x\r\n\r\n")
                                    .getBytes(StandardCharsets.US_ASCII));
                    socket.getOutputStream().flush();
                    ended += line(socket).startsWith("HTTP/1.1 200") ? 0 : 1;
                } catch (IOException closed) {
                    ended++;
                }
            }
            assertEquals(8, ended);
            assertEquals(200, status(viewer, request(TUNNEL).build()), "others come in");
        } finally {
            for (SSLSocket socket : open) {
                socket.close();
            }
        }
    }

    private static String line(Socket socket) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int octet = socket.getInputStream().read();
                octet >= 0 && octet != '\n';
                octet = socket.getInputStream().read()) {
            line.append((char) octet);
        }
        return line.toString();
    }

    @Test
    void whoSaysNothingOrNonsenseKeepsNobodyOut() throws Exception {
        List<Socket> idle = new ArrayList<>();
        try (HttpClient admin = client("automation")) {
            for (int i = 0; i < 200; i++) {
                Socket socket = new Socket(
                        InetAddress.getLoopbackAddress(), server.address().getPort());
                socket.getOutputStream()
                        .write(
                                i % 2 == 0
                                        ? new byte[] {22, 3, 1}
                                        : "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                idle.add(socket);
            }
            assertEquals(200, status(admin, request(TUNNEL).build()));
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
    }
}
