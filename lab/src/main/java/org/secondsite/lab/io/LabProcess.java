package org.secondsite.lab.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.secondsite.lab.plan.ProcessPlan;
import org.secondsite.lab.plan.Role;

/**
 * A process of the lab that was started.
 *
 * @param role what it is
 * @param site {@code a}, {@code b} or empty
 * @param name unique in the lab
 * @param namespace where it runs
 * @param pid its id
 * @param startTicks when it started, in clock ticks since boot; tells it from a later process with the same id
 */
public record LabProcess(Role role, String site, String name, String namespace, long pid, long startTicks) {
    /** What they make is root's alone, as it is if an agent starts QEMU: the guest's RAM, and the way into the emulator. */
    private static final Set<Role> CLOSED = Set.of(Role.QEMU, Role.WAN);

    private static final long KILL_LIMIT_MILLIS = 5_000;

    /**
     * Starts a process that outlives this one, with its output in a file.
     *
     * @param more arguments of this start only
     * @throws IOException if the program cannot be run
     */
    static LabProcess start(ProcessPlan plan, List<String> more, Path log) throws IOException {
        // Its own session: a Ctrl-C for the lab's command is for that command, which cleans up in order.
        List<String> command = new ArrayList<>(List.of("setsid", "ip", "netns", "exec", plan.namespace()));
        if (plan.niceness() != 0) {
            command.addAll(List.of("nice", "-n", Integer.toString(plan.niceness())));
        }
        if (CLOSED.contains(plan.role())) {
            command.addAll(List.of("sh", "-c", "umask 077; ulimit -c 0; exec \"$@\"", "sh"));
        }
        command.addAll(plan.command());
        command.addAll(more);
        Process process = new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .redirectErrorStream(true)
                .start();
        String site = plan.site().map(at -> at.id()).orElse("");
        return new LabProcess(
                plan.role(),
                site,
                plan.name(),
                plan.namespace(),
                process.pid(),
                startTicks(process.pid()).orElse(0L));
    }

    /** The process that wrote its id into a file, if it runs. */
    static Optional<LabProcess> fromPidFile(Role role, String site, String name, String namespace, Path pidFile)
            throws IOException {
        try {
            long pid = Long.parseLong(Files.readString(pidFile).strip());
            String command = Files.readString(Path.of("/proc", Long.toString(pid), "comm"));
            if (!command.startsWith(role.text())) {
                return Optional.empty(); // its id was given to another
            }
            return startTicks(pid).map(ticks -> new LabProcess(role, site, name, namespace, pid, ticks));
        } catch (NoSuchFileException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** Whether this very process still runs. */
    public boolean alive() {
        return startTicks(pid).filter(ticks -> ticks == startTicks).isPresent();
    }

    /** Whether some process listens at a TCP port of this one's namespace. */
    boolean listensAt(int port) throws IOException {
        // proc_pid_net(5): the second field ends with the local port in hexadecimal; the fourth is the state, 0A for
        // LISTEN
        String end = ":%04X".formatted(port);
        for (String table : List.of("tcp", "tcp6")) {
            for (String line : Files.readAllLines(Path.of("/proc", Long.toString(pid), "net", table))) {
                String[] fields = line.strip().split(" +", -1);
                if (fields.length > 3 && fields[1].endsWith(end) && fields[3].equals("0A")) {
                    return true;
                }
            }
        }
        return false;
    }

    /** SIGKILL, without waiting. */
    void kill() {
        if (alive()) {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    /** SIGKILL, and waits until the process is gone. */
    static void killAndWait(long pid) throws IOException {
        Optional<ProcessHandle> handle = ProcessHandle.of(pid);
        handle.ifPresent(ProcessHandle::destroyForcibly);
        long deadlineNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(KILL_LIMIT_MILLIS);
        while (startTicks(pid).isPresent()) {
            if (System.nanoTime() > deadlineNanos) {
                throw new IOException("process " + pid + " does not end");
            }
            Waiting.pause(5);
        }
    }

    /** Empty if there is no such process, or only its zombie. */
    private static Optional<Long> startTicks(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
            // proc(5): the name in parentheses may hold anything, so count fields behind the last ')'; state is field
            // 3, starttime 22
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            return fields[0].equals("Z") || fields[0].equals("X")
                    ? Optional.empty()
                    : Optional.of(Long.valueOf(fields[19]));
        } catch (IOException e) {
            return Optional.empty(); // gone, perhaps while it was read
        }
    }
}
