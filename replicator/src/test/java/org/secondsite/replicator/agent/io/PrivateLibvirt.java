package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A libvirt daemon with directories of its own, in a mount namespace: it knows nothing of this machine's domains. */
final class PrivateLibvirt implements AutoCloseable {
    private static final int START_SECONDS = 60;
    /** Debian's, for QEMU. */
    private static final String USER = "libvirt-qemu";

    private final Path directory;
    private final Path log;
    private final Process daemon;

    /** Starts it; needs libvirt-daemon-system, libvirt-clients, and root. */
    PrivateLibvirt(Path directory) throws IOException, InterruptedException {
        this.directory = directory;
        log = directory.resolve("libvirtd.log");
        for (String name : List.of("run", "lib", "cache", "log", "etc")) {
            Files.createDirectories(directory.resolve(name));
        }
        Files.writeString(directory.resolve("etc/qemu.conf"), """
                user = "%1$s"
                group = "%1$s"
                dynamic_ownership = 0
                security_driver = "none"
                namespaces = []
                cgroup_controllers = []
                stdio_handler = "file"
                """.formatted(USER));
        Files.writeString(directory.resolve("etc/libvirtd.conf"), "auth_unix_rw = \"none\"\n");
        daemon = new ProcessBuilder("unshare", "--mount", "sh", "-ec", """
                        mkdir -p /run/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt /etc/libvirt
                        mount --bind "$1/run" /run/libvirt
                        mount --bind "$1/lib" /var/lib/libvirt
                        mount --bind "$1/cache" /var/cache/libvirt
                        mount --bind "$1/log" /var/log/libvirt
                        mount --bind "$1/etc" /etc/libvirt
                        # One that root alone may open has libvirt ask QEMU anew each time what it can.
                        if [ -e /dev/kvm ]; then
                          cp -a /dev/kvm "$1/kvm"
                          chmod 666 "$1/kvm"
                          mount --bind "$1/kvm" /dev/kvm
                        fi
                        exec libvirtd -f /etc/libvirt/libvirtd.conf -p "$1/libvirtd.pid"
                        """, "sh", directory.toString())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (!virsh("list").worked()) {
            if (!daemon.isAlive() || System.nanoTime() > deadline) {
                String said = virsh("list").said();
                daemon.destroyForcibly();
                throw new IOException("libvirtd does not serve: " + said + "; " + Files.readString(log));
            }
            Thread.sleep(100);
        }
        // Libvirt asks QEMU all that it can when it is first wanted: once for ever on a host, and for some seconds.
        Answer known = virsh("domcapabilities", "--virttype", "qemu", "--arch", "x86_64");
        if (!known.worked()) {
            daemon.destroyForcibly();
            throw new IOException("libvirt knows no QEMU: " + known.said());
        }
    }

    String uri() {
        return "qemu+unix:///system?socket=" + directory.resolve("run/libvirt-sock");
    }

    /** What virsh said, and whether it did what it was told. */
    record Answer(boolean worked, String said) {}

    Answer virsh(String... command) throws IOException, InterruptedException {
        List<String> argv = new ArrayList<>(List.of("virsh", "-q", "-c", uri()));
        argv.addAll(List.of(command));
        Process process = new ProcessBuilder(argv).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        return new Answer(process.waitFor() == 0, said);
    }

    @Override
    public void close() throws IOException {
        try {
            end();
        } catch (InterruptedException interrupted) {
            daemon.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }

    private void end() throws IOException, InterruptedException {
        Answer running = virsh("list", "--name");
        for (String name : running.worked() ? running.said().lines().toList() : List.<String>of()) {
            virsh("destroy", name);
        }
        daemon.destroy();
        if (!daemon.waitFor(10, TimeUnit.SECONDS)) {
            daemon.destroyForcibly().waitFor();
        }
    }
}
