package org.secondsite.appliance.packages;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.secondsite.appliance.packages.DaemonJars.Daemon;

/** A daemon's class path holds its own modules, runs the daemon, and is no larger than it needs to be. */
class DaemonJarsTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Pattern NO_PART_OF_A_DAEMON = Pattern.compile(
            ".*/(lab|bench|simulator|testing|pki)/.*|.*(pkitesting|bcprov|bcpkix|bcutil|junit|archunit|jazzer).*");
    private static final long MAX_WITNESS_BYTES = 32L << 20;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @EnumSource
    void holdsNothingOfProofOrMeasurement(Daemon daemon) throws IOException {
        List<Path> classPath = DaemonJars.classPath(ROOT, daemon);
        System.out.println(
                daemon.word() + ": " + classPath.stream().map(ROOT::relativize).toList());
        for (Path entry : classPath) {
            assertTrue(Files.exists(entry), entry::toString);
            assertFalse(NO_PART_OF_A_DAEMON.matcher(entry.toString()).matches(), entry::toString);
        }
    }

    @Test
    void aWitnessAndAnAgentHoldNothingOfAGateway() throws IOException {
        for (Daemon daemon : List.of(Daemon.WITNESS, Daemon.AGENT)) {
            for (Path entry : DaemonJars.classPath(ROOT, daemon)) {
                assertFalse(
                        entry.toString()
                                .matches(".*/(gateway|buffer|bgp|openflow|management)/target/.*"
                                        + "|.*(openflowj|pcap4j|opendaylight|codec-http|sshd).*"),
                        () -> daemon.word() + " has " + entry);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aDaemonStartsWithItsClassPathAlone(Daemon daemon) throws Exception {
        Path empty = Files.createFile(directory.resolve("empty.yaml"));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JavaOptions.ofDaemons());
        command.addAll(List.of("-cp", DaemonJars.joined(DaemonJars.classPath(ROOT, daemon))));
        command.addAll(List.of("org.secondsite.appliance.Main", daemon.word(), "--config", empty.toString()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(1, process.waitFor(), printed);
        assertTrue(printed.contains("the configuration is refused"), printed);
    }

    @Test
    void everyJarOfAWitnessTogetherIsSmall() throws IOException {
        long bytes = 0;
        for (Path jar : DaemonJars.classPath(ROOT, Daemon.WITNESS)) {
            bytes += Files.isDirectory(jar) ? 0 : Files.size(jar) - foreignBytes(jar);
        }
        long total = bytes;
        assertTrue(total <= MAX_WITNESS_BYTES, () -> total + " bytes");
    }

    private static long foreignBytes(Path jar) throws IOException {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            return zip.stream()
                    .filter(entry -> DaemonJars.isForeign(entry.getName()))
                    .mapToLong(ZipEntry::getCompressedSize)
                    .sum();
        }
    }

    @Test
    void librariesOfOtherPlatformsAreToldApart() {
        assertFalse(DaemonJars.isForeign("META-INF/native/libnetty_transport_native_epoll_x86_64.so"));
        assertFalse(DaemonJars.isForeign("linux/amd64/libzstd-jni-1.5.7-28.so"));
        assertFalse(DaemonJars.isForeign("com/sun/jna/linux-x86-64/libjnidispatch.so"));
        assertFalse(DaemonJars.isForeign("com/sun/jna/Native.class"));
        assertTrue(DaemonJars.isForeign("com/sun/jna/linux-x86/libjnidispatch.so"));
        assertTrue(DaemonJars.isForeign("win/amd64/libzstd-jni-1.5.7-28.dll"));
        assertTrue(DaemonJars.isForeign("darwin/x86_64/libzstd-jni-1.5.7-28.dylib"));
        assertTrue(DaemonJars.isForeign("META-INF/native/liborg_netty_tcnative_linux_aarch_64.so"));
    }
}
