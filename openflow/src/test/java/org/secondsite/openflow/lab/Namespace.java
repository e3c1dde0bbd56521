package org.secondsite.openflow.lab;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.secondsite.testing.NetworkNamespace;

/** A network namespace of one test, gone when it is closed. */
final class Namespace implements Closeable {
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
        return NetworkNamespace.call(name, body);
    }

    @Override
    public void close() throws IOException {
        if (Files.exists(Path.of("/run/netns", name))) {
            Command.run("ip", "netns", "del", name);
        }
    }
}
