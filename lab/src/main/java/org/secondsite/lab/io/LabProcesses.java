package org.secondsite.lab.io;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.UserPrincipalLookupService;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.secondsite.config.io.DirectoryTree;
import org.secondsite.lab.plan.Fleet;
import org.secondsite.lab.plan.LabNumbers;
import org.secondsite.lab.plan.LabPaths;
import org.secondsite.lab.plan.LabPlan;
import org.secondsite.lab.plan.ProcessPlan;
import org.secondsite.lab.plan.Role;
import org.secondsite.lab.plan.Site;
import org.secondsite.lab.plan.SwitchCommands;
import org.secondsite.net.io.PrivateFiles;

/** Starts processes of a plan: everything that can at the same time, and in order what needs another one's socket. */
final class LabProcesses {
    private static final int SOCKET_SECONDS = 20;
    private static final int GATEWAY_SECONDS = 180;

    private final LabPaths paths;
    private final Fleet fleet;
    private final List<LabProcess> started = Collections.synchronizedList(new ArrayList<>());

    LabProcesses(LabPlan plan) {
        paths = plan.paths();
        fleet = plan.options().fleet();
    }

    /**
     * Starts them. What each printed is in its log.
     *
     * @throws IOException if one cannot be started or its socket does not appear; {@link #started} tells what has been
     */
    void start(List<ProcessPlan> plans) throws IOException {
        Map<String, List<ProcessPlan>> chains = new LinkedHashMap<>();
        for (ProcessPlan plan : plans) {
            String chain = plan.role() == Role.ROUTER || plan.role() == Role.SWITCH
                    ? plan.role().text() + plan.site()
                    : plan.name();
            chains.computeIfAbsent(chain, key -> new ArrayList<>()).add(plan);
        }
        Concurrently.each("start", List.copyOf(chains.values()), this::startChain);
        for (Site site : fleet.sites()) {
            if (plans.stream().anyMatch(plan -> isOf(plan, Role.SWITCH, site))) {
                connectSwitch(site);
            }
        }
    }

    private static boolean isOf(ProcessPlan plan, Role role, Site site) {
        return plan.role() == role && plan.site().equals(Optional.of(site));
    }

    /** A gateway that starts as well is waited for: a switch whose first attempts fail waits long before the next. */
    private void connectSwitch(Site site) throws IOException {
        Optional<LabProcess> gateway = started().stream()
                .filter(process ->
                        process.role() == Role.GATEWAY && process.site().equals(site.id()))
                .findFirst();
        if (gateway.isPresent()) {
            Waiting.until(gateway.get().name() + " to listen to switches", GATEWAY_SECONDS, () -> {
                requireAlive(List.of(gateway.get()));
                return gateway.get().listensAt(LabNumbers.OPENFLOW_PORT);
            });
        }
        Commands.run(SwitchCommands.control(paths, site), "");
    }

    /** Those that were started, in the order of start. */
    List<LabProcess> started() {
        synchronized (started) {
            return List.copyOf(started);
        }
    }

    private void startChain(List<ProcessPlan> chain) throws IOException {
        for (ProcessPlan plan : chain) {
            prepare(plan);
            LabProcess process = LabProcess.start(plan, atFirst(plan), paths.log(plan.name()));
            started.add(process);
            follow(plan, process);
        }
    }

    /** A witness begins with no records once, and never again. Its data directory bears its name. */
    private List<String> atFirst(ProcessPlan plan) {
        return plan.role() == Role.WITNESS && !Files.exists(paths.file(plan.name()))
                ? List.of("--initialize")
                : List.of();
    }

    private void prepare(ProcessPlan plan) throws IOException {
        if (plan.role() == Role.ROUTER && plan.name().endsWith("zebra")) {
            Files.deleteIfExists(paths.frrDirectory().resolve("zserv.api"));
            giveToFrr(paths.frrDirectory());
        } else if (plan.role() == Role.SWITCH && plan.name().endsWith("db")) {
            Site site = plan.site().orElseThrow();
            DirectoryTree.delete(paths.switchDirectory(site));
            Files.createDirectories(paths.switchDirectory(site));
            Commands.run(SwitchCommands.createDatabase(paths, site), "");
        } else if (plan.role() == Role.AGENT) {
            PrivateFiles.parents(paths.file(plan.name()));
        }
    }

    /** What has to be there before the next of the chain starts. */
    private void follow(ProcessPlan plan, LabProcess process) throws IOException {
        if (plan.role() == Role.ROUTER && plan.name().endsWith("zebra")) {
            awaitSocket(process, paths.frrDirectory().resolve("zserv.api"));
            // FRR reads "not there yet" as a reason to wait long.
        } else if (plan.role() == Role.SWITCH && plan.name().endsWith("db")) {
            Site site = plan.site().orElseThrow();
            awaitSocket(process, paths.switchDirectory(site).resolve("db.sock"));
            Commands.run(SwitchCommands.configure(paths, site, fleet), "");
        }
    }

    private void awaitSocket(LabProcess process, Path socket) throws IOException {
        Waiting.until(process.name() + " to listen at " + socket, SOCKET_SECONDS, () -> {
            requireAlive(List.of(process));
            return listens(socket);
        });
    }

    /** A socket is there before anybody listens at it. */
    private static boolean listens(Path socket) {
        try (SocketChannel _ = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    /**
     * Checks that none has ended.
     *
     * @throws LabFailure with the end of its log, if one has
     */
    void requireAlive(List<LabProcess> processes) throws LabFailure {
        for (LabProcess process : processes) {
            if (!process.alive()) {
                throw new LabFailure(
                        process.name() + " has ended; the last it said:\n" + tail(paths.log(process.name())));
            }
        }
    }

    private static String tail(Path log) {
        try {
            List<String> lines = Files.readString(log).lines().toList();
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 15), lines.size()));
        } catch (IOException e) {
            return "(no log: " + e.getMessage() + ")";
        }
    }

    /** FRR's daemons drop to their own user, who has to own what they read and write. */
    private static void giveToFrr(Path directory) throws IOException {
        UserPrincipalLookupService users = directory.getFileSystem().getUserPrincipalLookupService();
        List<Path> all;
        try (var walk = Files.walk(directory)) {
            all = walk.toList();
        }
        for (Path path : all) {
            Files.getFileAttributeView(path, PosixFileAttributeView.class).setOwner(users.lookupPrincipalByName("frr"));
            Files.getFileAttributeView(path, PosixFileAttributeView.class)
                    .setGroup(users.lookupPrincipalByGroupName("frr"));
        }
    }
}
