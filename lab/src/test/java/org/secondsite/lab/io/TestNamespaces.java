package org.secondsite.lab.io;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** Network namespaces of one test, removed when closed. Needs root, and says so. */
public final class TestNamespaces implements AutoCloseable {
    private final String prefix;
    private final List<String> names = new ArrayList<>();
    private final Deque<AutoCloseable> resources = new ArrayDeque<>();

    private TestNamespaces(String prefix) {
        this.prefix = prefix;
    }

    /** Makes {@code PREFIX-lab-PURPOSE-RANDOM-SHORT} for every short name. */
    public static TestNamespaces create(String purpose, String... shortNames) throws IOException {
        if (!"root".equals(System.getProperty("user.name"))) {
            throw new IOException("this test makes network namespaces and needs root");
        }
        TestNamespaces namespaces = new TestNamespaces(TestNames.namespaces(purpose));
        try {
            for (String name : shortNames) {
                Commands.run("ip", "netns", "add", namespaces.name(name));
                namespaces.names.add(name);
                namespaces.inside(name, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1");
                Commands.run("ip", "-n", namespaces.name(name), "link", "set", "lo", "up");
            }
        } catch (IOException e) {
            namespaces.close();
            throw e;
        }
        return namespaces;
    }

    /** The full name. */
    public String name(String shortName) {
        return prefix + shortName;
    }

    /** Runs a command inside; returns what it printed. */
    public String inside(String shortName, String... command) throws IOException {
        List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", name(shortName)));
        words.addAll(List.of(command));
        return Commands.run(words, "");
    }

    /** A veth pair without offloads; only the first end has an address. */
    public void wire(String one, String oneInterface, String address, String other, String otherInterface)
            throws IOException {
        Commands.run(
                "ip",
                "link",
                "add",
                oneInterface,
                "netns",
                name(one),
                "type",
                "veth",
                "peer",
                "name",
                otherInterface,
                "netns",
                name(other));
        Commands.run("ip", "-n", name(one), "addr", "add", address, "dev", oneInterface);
        for (String[] end : new String[][] {{one, oneInterface}, {other, otherInterface}}) {
            inside(end[0], "ethtool", "-K", end[1], "tx", "off", "tso", "off", "gso", "off", "gro", "off");
            Commands.run("ip", "-n", name(end[0]), "link", "set", end[1], "up");
        }
    }

    /** Has something closed before the namespaces go, the last one first. */
    public <T extends AutoCloseable> T closing(T resource) {
        resources.addFirst(resource);
        return resource;
    }

    @Override
    public void close() throws IOException {
        IOException failed = null;
        for (AutoCloseable resource : resources) {
            failed = tried(failed, resource);
        }
        for (String name : names) {
            failed = tried(failed, () -> Commands.run("ip", "netns", "del", name(name)));
        }
        if (failed != null) {
            throw failed;
        }
    }

    private static IOException tried(IOException before, AutoCloseable step) {
        try {
            step.close();
            return before;
        } catch (Exception e) { // the other steps have to be taken all the same
            IOException failed = before == null ? new IOException("cannot clean up", e) : before;
            if (before != null) {
                before.addSuppressed(e);
            }
            return failed;
        }
    }
}
