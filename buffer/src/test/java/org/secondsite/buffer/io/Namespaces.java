package org.secondsite.buffer.io;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.secondsite.buffer.io.kernel.Commands;
import org.secondsite.net.linux.Libc;

/**
 * Network namespaces of a test, with a prefix that no other run has. They are removed at the end, whatever happened.
 */
public final class Namespaces implements AutoCloseable {
    private static final int CLONE_NEWNET = 0x40000000;
    private static final int TIMEOUT_SECONDS = 60;

    private final String prefix = System.getenv().getOrDefault("SECONDSITE_TEST_PREFIX", "sst") + "-buffer-"
            + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt(), 6);
    private final List<String> made = new ArrayList<>();

    /** Makes namespaces whose loopback is up. Fails with a clear reason without root. */
    Namespaces(String... names) throws IOException {
        if (!System.getProperty("user.name").equals("root")) {
            throw new AssertionError("this test makes network namespaces and needs root");
        }
        try {
            for (String name : names) {
                Commands.run("ip netns add " + full(name));
                made.add(name);
                Commands.run("ip -n " + full(name) + " link set lo up");
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** The name as {@code ip netns} knows it. */
    String full(String name) {
        return prefix + "-" + name;
    }

    /** Joins two namespaces by a veth pair, both ends up. */
    void link(String one, String oneEnd, String other, String otherEnd) throws IOException {
        Commands.run("ip link add name " + oneEnd + " netns " + full(one) + " type veth peer name " + otherEnd
                + " netns " + full(other));
        ip(one, "link set " + oneEnd + " up");
        ip(other, "link set " + otherEnd + " up");
    }

    /** Runs {@code ip} in a namespace. */
    String ip(String name, String arguments) throws IOException {
        return Commands.run("ip -n " + full(name) + " " + arguments);
    }

    /** Runs a command in a namespace. */
    String exec(String name, String command) throws IOException {
        return Commands.run("ip netns exec " + full(name) + " " + command);
    }

    /** The words before a command that make it run in a namespace. */
    List<String> prefix(String name) {
        return List.of("ip", "netns", "exec", full(name));
    }

    /** Runs an action on a thread that is in the namespace; sockets and threads that it makes stay there. */
    public <T> T in(String name, Callable<T> action) throws Exception {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread thread = Thread.ofPlatform().name("in-" + name).unstarted(() -> {
            try {
                enter("/run/netns/" + full(name));
                result.complete(action.call());
            } catch (Throwable e) {
                result.completeExceptionally(e);
            }
        });
        thread.start();
        try {
            return result.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (java.util.concurrent.ExecutionException e) {
            if (e.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        for (String name : made) {
            Commands.succeeds("ip netns del " + full(name));
        }
        made.clear();
    }

    @SuppressWarnings("restricted") // open(2) and setns(2), of the calling thread
    private static void enter(String path) throws Throwable {
        Linker linker = Linker.nativeLinker();
        MethodHandle open = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("open"), FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT));
        MethodHandle setns = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("setns"), FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            int descriptor = (int) open.invokeExact(arena.allocateFrom(path), 0);
            int answer = (int) setns.invokeExact(descriptor, CLONE_NEWNET);
            new Libc().close(descriptor);
            if (answer != 0) {
                throw new IOException("cannot enter " + path);
            }
        }
    }
}
