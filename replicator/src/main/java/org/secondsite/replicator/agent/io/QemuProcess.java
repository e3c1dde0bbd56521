package org.secondsite.replicator.agent.io;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.secondsite.replicator.agent.VmSettings;
import org.secondsite.replicator.agent.VmStart;

/**
 * Finds, starts and kills the QEMU process of a VM.
 *
 * <p>A process is the VM's if one of its arguments names the QMP socket, and another one the RAM file, or, if that is not configured, its
 * program is a QEMU. The pid file is only a hint where to look first: a pid may have been given to another process since.
 */
final class QemuProcess {
    private static final Path PROC = Path.of("/proc");
    private static final String VIRSH = "virsh";
    private static final int DEATH_WAIT_MS = 5000;
    private static final long NOBODY = -1;

    private final VmSettings settings;

    QemuProcess(VmSettings settings) {
        this.settings = settings;
    }

    /**
     * The VM's process id.
     *
     * @throws IOException if it has none, or more than one process claims to be the VM
     */
    long pid() throws IOException {
        List<Long> found = find();
        if (found.size() != 1) {
            throw new IOException("the processes of the VM are " + found);
        }
        return found.getFirst();
    }

    /** Whether there is any. */
    boolean isThere() throws IOException {
        return !find().isEmpty();
    }

    /** Where QEMU's own words go when the agent starts it. */
    Path log() {
        return settings.runDirectory().resolve(settings.id() + "-qemu.log");
    }

    /**
     * Starts QEMU, stopped, to load a device state. The VM outlives the agent.
     *
     * @throws IOException if the command cannot be run, or libvirt refuses
     */
    ProcessHandle start() throws IOException, InterruptedException {
        Files.deleteIfExists(settings.qmpSocket());
        return switch (settings.start()) {
            case VmStart.Command command -> start(command.argv()).toHandle();
            case VmStart.Domain domain -> {
                new LibvirtDomain(VIRSH, settings, domain, log()).create();
                notePid();
                yield ProcessHandle.of(pid()).orElseThrow(() -> new IOException("QEMU has ended"));
            }
        };
    }

    /** In a session of its own. */
    private Process start(List<String> argv) throws IOException {
        List<String> command = new ArrayList<>(List.of("setsid"));
        command.addAll(argv);
        if (!argv.contains("-pidfile")) {
            command.addAll(List.of("-pidfile", settings.pidFile().toString()));
        }
        command.addAll(List.of("-S", "-incoming", "defer"));
        return new ProcessBuilder(command)
                .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()))
                .redirectErrorStream(true)
                .redirectOutput(log().toFile())
                .start();
    }

    /** Of a QEMU that writes no file with its pid the agent writes one. */
    void notePid() throws IOException {
        if (settings.start() instanceof VmStart.Domain) {
            Files.writeString(settings.pidFile(), Long.toString(pid()), StandardCharsets.US_ASCII);
        }
    }

    /** The last line that QEMU wrote, for an error message. */
    String lastWords() {
        try {
            List<String> lines = Files.readAllLines(log(), StandardCharsets.UTF_8);
            return lines.isEmpty() ? "no message" : lines.getLast();
        } catch (IOException unreadable) {
            return "no log: " + unreadable.getMessage();
        }
    }

    /**
     * Kills every process of the VM and waits until none is left.
     *
     * @throws IOException if one is left after some seconds, or the processes cannot be looked at
     */
    void kill() throws IOException, InterruptedException {
        killAllBut(NOBODY);
        Files.deleteIfExists(settings.pidFile());
    }

    /** The same with every process but one. */
    void killAllBut(long spared) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + DEATH_WAIT_MS * 1_000_000L;
        List<Long> alive = findAll();
        alive.remove(spared);
        while (!alive.isEmpty()) {
            for (long pid : alive) {
                ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
            }
            Thread.sleep(1);
            alive.removeIf(pid -> isDead(PROC.resolve(Long.toString(pid))));
            if (alive.isEmpty()) {
                alive = findAll();
                alive.remove(spared);
            }
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("process " + alive + " does not die");
            }
        }
    }

    /**
     * Ends this process alone: another QEMU that runs here may be the VM.
     *
     * @throws IOException if it lives on after some seconds
     */
    void end(ProcessHandle one) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + DEATH_WAIT_MS * 1_000_000L;
        one.destroyForcibly();
        while (isAlive(one)) {
            if (System.nanoTime() - deadline > 0) {
                throw new IOException("process " + one.pid() + " does not die");
            }
            Thread.sleep(1);
        }
    }

    /** Whether it may execute something: that of another parent may be dead, and still be there. */
    static boolean isAlive(ProcessHandle one) {
        try {
            return one.isAlive() && !isZombie(PROC.resolve(Long.toString(one.pid())));
        } catch (IOException gone) {
            return false;
        }
    }

    /** Whether nothing of a process that was killed executes any more. */
    private boolean isDead(Path process) {
        try {
            return isZombie(process) || (!commandLine(process).isEmpty() && !isOurs(process));
        } catch (IOException gone) {
            return true;
        }
    }

    private static boolean isZombie(Path process) throws IOException {
        // Source: proc(5), /proc/pid/stat: the name stands in brackets and may hold anything, then comes the state.
        String stat = Files.readString(process.resolve("stat"), StandardCharsets.ISO_8859_1);
        char state = stat.charAt(stat.lastIndexOf(')') + 2);
        if (state != 'Z' && state != 'X') {
            return false;
        }
        // The first thread may be a zombie while others still run.
        String[] threads = process.resolve("task").toFile().list();
        return threads == null || threads.length <= 1;
    }

    /** The live processes of the VM. */
    private List<Long> find() throws IOException {
        long hinted = hintedPid();
        return hinted > 0 && isOurs(PROC.resolve(Long.toString(hinted))) ? List.of(hinted) : findAll();
    }

    private List<Long> findAll() throws IOException {
        List<Long> found = new ArrayList<>();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(PROC, "[1-9]*")) {
            for (Path process : processes) {
                if (isOurs(process)) {
                    found.add(Long.valueOf(process.getFileName().toString()));
                }
            }
        }
        return found;
    }

    private long hintedPid() {
        try {
            return Long.parseLong(Files.readString(settings.pidFile(), StandardCharsets.US_ASCII)
                    .strip());
        } catch (IOException | NumberFormatException none) {
            return -1;
        }
    }

    private boolean isOurs(Path process) {
        try {
            String[] arguments = commandLine(process).split("\0");
            return names(arguments, settings.qmpSocket())
                    && (settings.ramFile().isPresent()
                            ? names(arguments, settings.ramFile().get())
                            : isQemu(process));
        } catch (IOException gone) {
            return false;
        }
    }

    /** Others may name the monitor as well: those who talk to it. */
    private static boolean isQemu(Path process) throws IOException {
        return Files.readSymbolicLink(process.resolve("exe"))
                .getFileName()
                .toString()
                .contains("qemu");
    }

    /** The arguments, each ended by a NUL; empty once the process has given its memory back. */
    private static String commandLine(Path process) throws IOException {
        return Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1);
    }

    private static boolean names(String[] arguments, Path path) {
        String name = path.toString();
        for (String argument : arguments) {
            // As an option's value: mem-path=NAME,… or unix:NAME,…
            int at = argument.indexOf(name);
            int end = at + name.length();
            if (at >= 0 && (end == argument.length() || argument.charAt(end) == ',')) {
                return true;
            }
        }
        return false;
    }
}
