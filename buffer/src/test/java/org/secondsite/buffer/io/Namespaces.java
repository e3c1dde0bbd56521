package org.secondsite.buffer.io;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import org.secondsite.buffer.io.kernel.Commands;
import org.secondsite.testing.NetworkNamespace;

/**
 * Network namespaces of a test, with a prefix that no other run has. They are removed at the end, whatever happened.
 */
public final class Namespaces implements AutoCloseable {
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
        return NetworkNamespace.call(full(name), action);
    }

    @Override
    public void close() {
        for (String name : made) {
            Commands.succeeds("ip netns del " + full(name));
        }
        made.clear();
    }
}
