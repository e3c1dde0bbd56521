package org.secondsite.lab.io;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.secondsite.gateway.management.ManagementClient;
import org.secondsite.pki.PkiCommand;

/**
 * One gateway, a process of its own as it is in use, between real routers and real switches, with a VM whose output is really held. Less
 * than a lab: the other site is a process with neither routers nor a switch, and the VM's memory is none of QEMU's.
 *
 * <pre>
 *   routers: BIRDs, FRR, client ─── up0  gateway  in0 ─── gw1  switches (Open vSwitch)  vm1 ─── the VM's network
 *                                        wan0 ─── witness, the other site's gateway, both sites' agents
 * </pre>
 */
final class LiveSite implements AutoCloseable {
    private static final int START_SECONDS = 120;
    private static final int HEAP_MIB = 256;

    final LiveRouters routers;
    final LiveSwitches switches;
    final Datagrams datagrams;
    private final Path directory;
    private final TestNamespaces namespaces;
    private final List<Process> processes = new ArrayList<>();

    LiveSite(Path directory, LiveFile file) throws Exception {
        this.directory = directory;
        namespaces = TestNamespaces.create("live", "gw", "r", "sw", "vm", "o");
        try {
            wire();
            routers = namespaces.closing(new LiveRouters(namespaces.name("r"), directory.resolve("routers")));
            routers.begin();
            PkiCommand.write(directory, List.of("a", "b", "witness", "host-a", "host-b"));
            start("o", "other", OtherSite.class.getName(), directory.toString());
            Files.writeString(file(), file.text());
            start("gw", "gateway", "org.secondsite.appliance.Main", "gateway", "--config", file().toString());
            Waiting.until("the gateway", START_SECONDS, () -> Files.exists(directory.resolve("a.sock")));
            switches = namespaces.closing(new LiveSwitches(namespaces.name("sw"), directory.resolve("switches")));
            switches.begin("tcp:10.1.0.1:6653");
            datagrams = namespaces.closing(new Datagrams(namespaces.name("vm"), namespaces.name("r")));
        } catch (Exception | AssertionError e) {
            System.out.println(logs());
            close();
            throw e;
        }
    }

    private void wire() throws IOException {
        namespaces.wire("gw", "up0", "192.0.2.1/24", "r", "eth0");
        for (int number = LiveFile.BIRD; number < LiveFile.FIRST_OF_CROWD + LiveFile.CROWD; number++) {
            ip("r", "addr", "add", "192.0.2." + number + "/24", "dev", "eth0");
        }
        ip("r", "addr", "add", "198.51.100.10/32", "dev", "lo");
        ip("r", "route", "add", "203.0.113.0/24", "via", "192.0.2.1", "src", "198.51.100.10");
        ip("gw", "route", "add", "default", "via", "192.0.2." + LiveFile.BIRD);
        namespaces.inside("gw", "sysctl", "-qw", "net.ipv4.ip_forward=1");
        namespaces.wire("gw", "hv0", "10.1.0.1/24", "sw", "hv0");
        ip("sw", "addr", "add", "10.1.0.2/24", "dev", "hv0");
        namespaces.wire("gw", "wan0", "10.9.0.1/24", "o", "wan0");
        ip("o", "addr", "add", "10.9.0.2/24", "dev", "wan0");
        ip("o", "addr", "add", "10.9.0.3/24", "dev", "wan0");
        // The data plane gives in0 its addresses itself.
        namespaces.wire("vm", "eth0", "203.0.113.10/24", "sw", "vm1");
        ip("vm", "link", "set", "eth0", "address", LiveFile.mac(1));
        ip("vm", "route", "add", "default", "via", "203.0.113.1");
        namespaces.wire("gw", "in0", "169.254.9.9/32", "sw", "gw1");
        ip("gw", "addr", "flush", "dev", "in0");
    }

    private void ip(String namespace, String... words) throws IOException {
        List<String> all = new ArrayList<>(List.of("ip", "-n", namespaces.name(namespace)));
        all.addAll(List.of(words));
        Commands.run(all, "");
    }

    private void start(String namespace, String log, String main, String... arguments) throws IOException {
        List<String> words = new ArrayList<>(List.of("ip", "netns", "exec", namespaces.name(namespace)));
        words.addAll(ThisJava.runtime().worker(HEAP_MIB, main, List.of(arguments)));
        Process process = new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve(log + ".log").toFile())
                .start();
        namespaces.closing(() -> process.destroyForcibly().onExit().get(START_SECONDS, TimeUnit.SECONDS));
        processes.add(process);
    }

    Path file() {
        return directory.resolve("a.yaml");
    }

    JsonNode status() throws IOException {
        return ManagementClient.ask(directory.resolve("a.sock"), "status");
    }

    /** Whether the gateway has ever heard nothing of the other site for too long: then it stood alone. */
    boolean missedTheOther() throws IOException {
        for (JsonNode entry :
                ManagementClient.ask(directory.resolve("a.sock"), "timeline").path("entries")) {
            if (entry.path("kind").asText().equals("suspicion")) {
                return true;
            }
        }
        return false;
    }

    JsonNode config(String action, String text) throws IOException {
        if (processes.stream().anyMatch(process -> !process.isAlive())) {
            throw new LabFailure("a process has ended\n" + logs());
        }
        return ManagementClient.ask(
                directory.resolve("a.sock"), "config", Map.of("action", action, "text", text, "reason", "a test"));
    }

    /** The ends of the logs. */
    String logs() throws IOException {
        StringBuilder text = new StringBuilder();
        for (String log : List.of("gateway.log", "other.log")) {
            Path file = directory.resolve(log);
            String content = Files.exists(file) ? Files.readString(file) : "";
            text.append("--- ")
                    .append(log)
                    .append('\n')
                    .append(content.substring(Math.max(0, content.length() - 8000)));
        }
        return text.toString();
    }

    @Override
    public void close() throws IOException {
        namespaces.close();
    }
}
