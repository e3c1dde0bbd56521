package org.secondsite.bgp.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/** The program in the README compiles as it stands, and announces what it says. */
@Timeout(240)
class ReadmeTest {
    private static final InetAddress ROUTER = Prefix.parseAddress("127.0.0.2");

    @TempDir
    private Path directory;

    @Test
    void theAnnouncerAnnounces() throws Exception {
        Path readme = Path.of("README.md").toAbsolutePath();
        Matcher program = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(readme));
        assertTrue(program.find(), "a program in " + readme);
        Path source = Files.writeString(directory.resolve("Announcer.java"), program.group(1));
        String classPath = System.getProperty("java.class.path");
        assertEquals(
                0,
                ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-cp", classPath, "-d", directory.toString(), source.toString()));

        RecordingListener heard = new RecordingListener();
        NeighborSettings announcer =
                NeighborSettings.of(Prefix.parseAddress("127.0.0.1"), 65100).withPassive(true);
        SpeakerSettings settings = new SpeakerSettings(65001, (Inet4Address) ROUTER, List.of(announcer))
                .withListen(List.of(new InetSocketAddress(ROUTER, 0)));
        try (BgpSpeaker router = BgpSpeaker.open(settings, heard)) {
            Process process = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            directory + File.pathSeparator + classPath,
                            "Announcer",
                            ROUTER.getHostAddress(),
                            String.valueOf(router.listening().getFirst().getPort()))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            try {
                Nlri prefix = Nlri.of(Prefix.parse("203.0.113.0/24"));
                heard.await("the route", 30, () -> heard.routes().containsKey(prefix));
                assertEquals(
                        Optional.of(Prefix.parseAddress("127.0.0.1")),
                        heard.routes().get(prefix).nextHop());
                process.getOutputStream().write('\n');
                process.getOutputStream().flush();
                assertTrue(process.waitFor(20, TimeUnit.SECONDS));
                String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                assertTrue(said.contains("established with 127.0.0.2"), said);
            } finally {
                process.destroyForcibly();
            }
        }
    }
}
