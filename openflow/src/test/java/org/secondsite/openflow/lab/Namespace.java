package org.secondsite.openflow.lab;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** A network namespace of one test, gone when it is closed. */
final class Namespace implements Closeable {
    private static final int CLONE_NEWNET = 0x40000000;
    private static final int O_RDONLY = 0;
    private static final long LIMIT_SECONDS = 30;

    private final String name;

    private Namespace(String name) {
        this.name = name;
    }

    static Namespace create(String role) throws IOException {
        if (!"root".equals(System.getProperty("user.name"))) {
            throw new AssertionError("lab tests make network namespaces: run them as root");
        }
        Command.require("ip", "iproute2");
        String name = "%s-openflow-%08x-%s"
                .formatted(
                        System.getenv().getOrDefault("SECONDSITE_TEST_PREFIX", "sst"),
                        ThreadLocalRandom.current().nextInt(),
                        role);
        Command.run("ip", "netns", "add", name);
        Namespace namespace = new Namespace(name);
        namespace.run("ip", "link", "set", "lo", "up");
        return namespace;
    }

    String name() {
        return name;
    }

    /** Runs a program in it. */
    String run(String... words) throws IOException {
        return Command.run(inside(words));
    }

    /** The words that run a program in it. */
    String[] inside(String... words) {
        String[] all = new String[words.length + 4];
        all[0] = "ip";
        all[1] = "netns";
        all[2] = "exec";
        all[3] = name;
        System.arraycopy(words, 0, all, 4, words.length);
        return all;
    }

    /** Calls in a thread of its own that has entered the namespace; sockets opened there stay in it. */
    <T> T call(Callable<T> body) throws Exception {
        FutureTask<T> task = new FutureTask<>(() -> {
            enter();
            return body.call();
        });
        Thread.ofPlatform().daemon().name("in-" + name).start(task);
        return task.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() throws IOException {
        if (Files.exists(Path.of("/run/netns", name))) {
            Command.run("ip", "netns", "del", name);
        }
    }

    @SuppressWarnings("restricted") // the purpose of the method
    private void enter() throws IOException {
        Linker linker = Linker.nativeLinker();
        MethodHandle open = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("open"),
                FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT),
                Linker.Option.firstVariadicArg(2));
        MethodHandle setns = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("setns"), FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
        MethodHandle close = linker.downcallHandle(
                linker.defaultLookup().findOrThrow("close"), FunctionDescriptor.of(JAVA_INT, JAVA_INT));
        try (Arena arena = Arena.ofConfined()) {
            int descriptor = (int) open.invokeExact(arena.allocateFrom("/run/netns/" + name), O_RDONLY);
            int result = descriptor < 0 ? -1 : (int) setns.invokeExact(descriptor, CLONE_NEWNET);
            if (result != 0 || (int) close.invokeExact(descriptor) != 0) {
                throw new IOException("cannot enter namespace " + name);
            }
        } catch (IOException | RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IOException(e);
        }
    }
}
