package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.secondsite.replicator.agent.DomainXml;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.agent.VmStart;

/** Has libvirt start a VM that waits for a device state. */
final class LibvirtDomain {
    /** Libvirt asks a QEMU that it does not know all that it can, before it starts one for the first time. */
    private static final int VIRSH_SECONDS = 60;

    private static final int RETRY_SECONDS = 10;
    /** What {@link #create} may take. */
    static final int MAX_SECONDS = VIRSH_SECONDS + RETRY_SECONDS;

    /** What libvirt says until it has seen that a QEMU was killed. */
    private static final String STILL_THERE = "already";

    private final String virsh;
    private final VmStart.Domain domain;
    private final Path description;
    private final Path log;

    /**
     * A domain that is not started.
     *
     * @param virsh libvirt's program
     * @param log where its words go
     */
    LibvirtDomain(String virsh, VmSettings settings, VmStart.Domain domain, Path log) {
        this.virsh = virsh;
        this.domain = domain;
        this.description = settings.runDirectory().resolve(settings.id() + "-domain.xml");
        this.log = log;
    }

    /**
     * Starts it, paused.
     *
     * @throws IOException if libvirt refuses, with its words
     */
    void create() throws IOException, InterruptedException {
        Files.writeString(description, waiting(), StandardCharsets.UTF_8);
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(RETRY_SECONDS);
        while (true) {
            String refused = virsh("create", "--paused", description.toString());
            if (refused.isEmpty()) {
                return;
            }
            if (!refused.contains(STILL_THERE) || System.nanoTime() > deadline) {
                throw new IOException("libvirt does not start it: " + refused);
            }
            Thread.sleep(50);
        }
    }

    private String waiting() throws IOException {
        try {
            return DomainXml.parse(Files.readString(domain.xml(), StandardCharsets.UTF_8))
                    .waiting();
        } catch (NoSuchFileException none) {
            throw new IOException("there is no " + domain.xml() + " any more", none);
        } catch (IllegalArgumentException wrong) {
            throw new IOException(domain.xml() + " " + wrong.getMessage(), wrong);
        }
    }

    /** What it says if it fails; empty if it does not. */
    private String virsh(String... command) throws IOException, InterruptedException {
        List<String> argv = new ArrayList<>(List.of(virsh, "-q", "-c", domain.uri()));
        argv.addAll(List.of(command));
        Process process = new ProcessBuilder(argv)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        process.getOutputStream().close();
        boolean ended = false;
        try {
            ended = process.waitFor(VIRSH_SECONDS, TimeUnit.SECONDS);
        } finally {
            if (!ended) {
                process.destroyForcibly();
            }
        }
        if (!ended) {
            throw new IOException("libvirt does not answer within " + VIRSH_SECONDS + " s");
        }
        return process.exitValue() == 0
                ? ""
                : Files.readString(log, StandardCharsets.UTF_8)
                        .replace("\n", " ")
                        .strip();
    }
}
