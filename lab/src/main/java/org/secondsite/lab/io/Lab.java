package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.secondsite.lab.plan.LabOptions;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.LabPlan;
import org.secondsite.lab.plan.Role;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.Topology;
import org.secondsite.lab.wan.io.WanControl;

/** A lab that is up: what can be done to it. {@link LabStart} brings one up. Needs root. */
public final class Lab {
    private final String name;
    private final LabPaths paths;

    Lab(String name) {
        this.name = LabOptions.checkedName(name);
        paths = new LabPaths(name);
    }

    /**
     * Finds a lab that was brought up by this or another process.
     *
     * @throws IOException if there is none of that name
     */
    public static Lab existing(String name) throws IOException {
        Lab lab = new Lab(name);
        lab.state();
        return lab;
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /** Its files. */
    public LabPaths paths() {
        return paths;
    }

    /** The namespace of the outside client. */
    public String clientNamespace() {
        return Topology.client(name);
    }

    LabState state() throws IOException {
        return LabState.read(name);
    }

    /** Every process that runs now, QEMU wherever it is, also when an agent started it. */
    public List<LabProcess> processes() throws IOException {
        List<LabProcess> running = new ArrayList<>(state().processes().stream()
                .filter(process -> process.role() != Role.QEMU && process.alive())
                .toList());
        for (Site site : Site.values()) {
            qemu(site).ifPresent(running::add);
        }
        return running;
    }

    /** The QEMU of a site, if it runs. */
    public Optional<LabProcess> qemu(Site site) throws IOException {
        return LabProcess.fromPidFile(
                Role.QEMU, site.id(), "qemu-" + site.id(), Topology.hypervisor(name, site), paths.qemuPid(site));
    }

    /**
     * SIGKILL for what a target names: {@code ROLE}, {@code ROLE:SITE} or {@code site:SITE}, the last meaning gateway, agent,
     * QEMU, switch and router of that site.
     *
     * @return what was killed
     * @throws IllegalArgumentException if the target is not of that form
     * @throws IOException if nothing of that kind runs
     */
    public List<LabProcess> kill(String target) throws IOException {
        Predicate<LabProcess> meant = meant(target);
        List<LabProcess> victims = processes().stream().filter(meant).toList();
        if (victims.isEmpty()) {
            throw new IOException("nothing runs that '" + target + "' names");
        }
        victims.forEach(LabProcess::kill); // all before any wait: a site dies at once
        for (LabProcess victim : victims) {
            LabProcess.killAndWait(victim.pid());
        }
        return victims;
    }

    private static Predicate<LabProcess> meant(String target) {
        String[] parts = target.split(":", -1);
        if (parts.length > 2) {
            throw new IllegalArgumentException("'" + target + "' is not ROLE, ROLE:SITE or site:SITE");
        }
        Predicate<LabProcess> site = process -> true;
        if (parts.length == 2) {
            String id = Site.parse(parts[1]).id();
            site = process -> process.site().equals(id);
        }
        if (parts[0].equals("site") && parts.length == 2) {
            return site;
        }
        Role role = Role.parse(parts[0]);
        return site.and(process -> process.role() == role);
    }

    /**
     * Brings a killed site back: router, switch, gateway and agent, but no QEMU: its VM lives at the other site or nowhere.
     *
     * @throws IOException if one of them still runs or cannot be started
     */
    public void start(Site site) throws IOException {
        for (LabProcess process : processes()) {
            if (process.site().equals(site.id())) {
                throw new IOException(
                        process.name() + " of site " + site.id() + " still runs; kill site:" + site.id() + " first");
            }
        }
        for (Path stale : List.of(paths.qmp(site), paths.testQmp(site), paths.qemuPid(site))) {
            Files.deleteIfExists(stale);
        }
        LabPlan plan =
                LabPlan.of(state().options(), new GuestImage(GuestImage.defaultCache()).files(), ThisJava.runtime());
        LabProcesses processes = new LabProcesses(paths);
        try {
            processes.start(plan.processesOf(site).stream()
                    .filter(process -> process.role() != Role.QEMU)
                    .toList());
        } finally {
            state().with(processes.started()).write();
        }
    }

    /**
     * Talks to the WAN emulator.
     *
     * @param command see {@code WanCommand}
     * @return its answer
     */
    public String wan(String command) throws IOException {
        return WanControl.ask(paths.wanControl(), command);
    }

    /** Takes all of a lab away, whole or half up. Does nothing if there is nothing. */
    public static void down(String name) throws IOException {
        LabPaths paths = new LabPaths(LabOptions.checkedName(name));
        LabTopology.down(name);
        GuestImage.deleteTree(paths.directory());
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/dev/shm"), name + "-*")) {
            for (Path memory : all) {
                Files.deleteIfExists(memory);
            }
        }
        try {
            Files.deleteIfExists(LabPaths.ALL);
        } catch (DirectoryNotEmptyException e) {
            // another lab is up
        }
    }
}
