package org.secondsite.gateway.change;

import static org.secondsite.testing.FileText.item;
import static org.secondsite.testing.FileText.section;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** A gateway's file that is valid, drawn from a seed, and others that differ from it in some places. */
public final class RandomFile {
    private static final List<String> LEVELS = List.of("error", "warn", "info", "debug");

    /** What is written of everything that has a default, if it is to be written out; places by which the text is made. */
    private static final Map<String, String> DEFAULTS = Map.ofEntries(
            Map.entry("tunnel.heartbeatMs", "50"),
            Map.entry("tunnel.suspectAfterMs", "240"),
            Map.entry("tunnel.maxInFlightMiB", "256"),
            Map.entry("tunnel.connections", "1"),
            Map.entry("checkpoint.intervalMs", "100"),
            Map.entry("checkpoint.maxEpochsInFlight", "16"),
            Map.entry("checkpoint.overload", "solo"),
            Map.entry("checkpoint.overloadAfterMs", "10000"),
            Map.entry("dataPlane.poolMiB", "256"),
            Map.entry("dataPlane.echo", "silent"),
            Map.entry("witness.requestTimeoutMs", "1000"),
            Map.entry("bgp.standbyPrepend", "3"),
            Map.entry("neighbor.port", "179"),
            Map.entry("neighbor.holdTimeSeconds", "9"),
            Map.entry("neighbor.passive", "false"),
            Map.entry("neighbor.holdDownSeconds", "0"),
            Map.entry("switch.sharing", "exclusive"),
            Map.entry("switch.foreignGeneration", "refuse"),
            Map.entry("switch.preflight", "mend"));

    private static final int GROUPS = 3;
    private static final int NEIGHBORS = 4;
    private static final int SWITCHES = 3;
    private static final int VMS = 6;

    private final Map<String, String> settings;
    private final Map<Integer, Map<String, String>> neighbors;
    private final Map<Integer, Map<String, String>> switches;
    /** By its number: the numbers of its further prefixes. */
    private final Map<Integer, List<Integer>> groups;

    private final Map<Integer, Vm> vms;

    /** The groups whose other site is c; that of all others, at least one, is b. */
    private final Set<Integer> withC;

    private record Vm(int group, boolean ticked, int on, int port) {}

    private RandomFile(
            Map<String, String> settings,
            Map<Integer, Map<String, String>> neighbors,
            Map<Integer, Map<String, String>> switches,
            Map<Integer, List<Integer>> groups,
            Map<Integer, Vm> vms,
            Set<Integer> withC) {
        this.settings = new TreeMap<>(settings);
        this.neighbors = new TreeMap<>();
        neighbors.forEach((number, one) -> this.neighbors.put(number, new TreeMap<>(one)));
        this.switches = new TreeMap<>();
        switches.forEach((number, one) -> this.switches.put(number, new TreeMap<>(one)));
        this.groups = new TreeMap<>(groups);
        this.vms = new TreeMap<>(vms);
        this.withC = new TreeSet<>(withC);
    }

    /** One to begin with: two neighbours, two switches, two groups, three VMs. */
    public static RandomFile first(Random random) {
        RandomFile file = new RandomFile(Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), Set.of());
        for (int number = 1; number <= 2; number++) {
            file.neighbors.put(number, new TreeMap<>());
            file.switches.put(number, new TreeMap<>());
            file.groups.put(number, List.of());
        }
        file.vms.put(1, new Vm(1, true, 1, 1));
        file.vms.put(2, new Vm(1, false, 2, 2));
        file.vms.put(3, new Vm(2, true, 1, 3));
        for (int changes = random.nextInt(12); changes > 0; changes--) {
            file.change(random);
        }
        return file;
    }

    /** The same with so many changes, some of which may come to nothing. */
    public RandomFile altered(Random random, int changes) {
        RandomFile other = new RandomFile(settings, neighbors, switches, groups, vms, withC);
        for (int i = 0; i < changes; i++) {
            other.change(random);
        }
        return other;
    }

    private void change(Random random) {
        switch (random.nextInt(13)) {
            case 0, 1 -> neighbor(random);
            case 2 -> setting(random, "bgp.standbyPrepend", "1", "2", "5");
            case 3 -> aSwitch(random);
            case 4, 5 -> vm(random);
            case 6 -> group(random);
            case 7 -> {
                setting(random, "tunnel.heartbeatMs", "20", "70");
                setting(random, "tunnel.suspectAfterMs", "300", "900");
            }
            case 8 -> {
                setting(random, "tunnel.connections", "2", "8");
                setting(random, "tunnel.maxInFlightMiB", "16", "512");
            }
            case 9 -> {
                setting(random, "checkpoint.intervalMs", "50", "90");
                setting(random, "checkpoint.overload", "slow", "solo");
                setting(random, "checkpoint.maxEpochsInFlight", "4");
            }
            case 10 -> {
                setting(random, "management.logLevel", LEVELS.get(random.nextInt(LEVELS.size())));
                setting(random, "metrics.listen", "\"127.0.0.1:9464\"", "\"127.0.0.1:9465\"");
                setting(random, "bgp.standbyMed", "50");
            }
            case 11 -> standby(random);
            default -> {
                setting(random, "bgp.localAs", "65101");
                setting(random, "dataPlane.poolMiB", "512");
                setting(random, "dataPlane.echo", "answered");
                setting(random, "witness.requestTimeoutMs", "2000");
            }
        }
    }

    /** Mostly leaves it alone, or takes it away; else one of the values. */
    private void setting(Random random, String key, String... values) {
        pick(random, settings, key, values);
    }

    private static void pick(Random random, Map<String, String> of, String key, String... values) {
        switch (random.nextInt(4)) {
            case 0 -> of.remove(key);
            case 1 -> {}
            default -> of.put(key, values[random.nextInt(values.length)]);
        }
    }

    private void neighbor(Random random) {
        int number = 1 + random.nextInt(NEIGHBORS);
        Map<String, String> one = neighbors.get(number);
        if (one == null) {
            neighbors.put(number, new TreeMap<>());
        } else if (random.nextInt(4) == 0 && neighbors.size() > 1) {
            neighbors.remove(number);
        } else {
            switch (random.nextInt(7)) {
                case 0 -> pick(random, one, "holdTimeSeconds", "12", "30");
                case 1 -> pick(random, one, "port", "1179");
                case 2 -> pick(random, one, "passive", "true", "false");
                case 3 -> pick(random, one, "password", "one", "other");
                case 4 -> pick(random, one, "standbyPrepend", "1", "3", "5");
                case 5 -> pick(random, one, "imports", "[{action: accept}]", "[{action: accept, set: {med: 7}}]");
                default -> pick(random, one, "holdDownSeconds", "5", "7");
            }
        }
    }

    private void aSwitch(Random random) {
        int number = 1 + random.nextInt(SWITCHES);
        Map<String, String> one = switches.get(number);
        boolean used = vms.values().stream().anyMatch(vm -> vm.on() == number);
        if (one == null) {
            switches.put(number, new TreeMap<>());
        } else if (random.nextInt(2) == 0 && !used && switches.size() > 1) {
            switches.remove(number);
        } else {
            pick(random, one, "sharing", "cooperative", "exclusive");
            pick(random, one, "preflight", "refuse", "report");
        }
    }

    private void group(Random random) {
        int number = 1 + random.nextInt(GROUPS);
        List<Integer> prefixes = groups.get(number);
        if (prefixes == null) {
            groups.put(number, List.of());
            if (random.nextBoolean()) {
                withC.add(number);
            }
            vms.putIfAbsent(VMS + number, new Vm(number, random.nextBoolean(), 1, VMS + number));
            switches.putIfAbsent(1, new TreeMap<>());
        } else if (random.nextInt(4) == 0 && groups.size() > 1) {
            groups.remove(number);
            vms.values().removeIf(vm -> vm.group() == number);
            withC.remove(number);
            leaveOneToB();
        } else {
            List<Integer> others = new ArrayList<>(prefixes);
            Integer some = random.nextInt(4);
            if (!others.remove(/* element */ some)) {
                others.add(some);
            }
            groups.put(number, List.copyOf(others));
        }
    }

    /** Mostly a matter of groups that come and go. */
    private void standby(Random random) {
        List<Integer> known = List.copyOf(groups.keySet());
        Integer number = known.get(random.nextInt(known.size()));
        if (!withC.remove(number) && random.nextInt(4) == 0) {
            withC.add(number);
        }
        leaveOneToB();
    }

    private void leaveOneToB() {
        if (withC.containsAll(groups.keySet())) {
            withC.clear();
        }
    }

    private void vm(Random random) {
        int number = 1 + random.nextInt(VMS);
        Vm vm = vms.get(number);
        List<Integer> known = List.copyOf(groups.keySet());
        List<Integer> there = List.copyOf(switches.keySet());
        int on = there.get(random.nextInt(there.size()));
        boolean alone = vm != null
                && vms.values().stream()
                                .filter(one -> one.group() == vm.group())
                                .count()
                        == 1;
        if (vm == null) {
            vms.put(number, new Vm(known.get(random.nextInt(known.size())), random.nextBoolean(), on, number));
        } else if (random.nextInt(4) == 0 && !alone) {
            vms.remove(number);
        } else if (random.nextInt(8) == 0) {
            vms.put(number, new Vm(vm.group(), vm.ticked(), on, number));
        } else {
            vms.put(number, new Vm(vm.group(), !vm.ticked(), vm.on(), vm.port()));
        }
    }

    /** The file. */
    public String text() {
        return text(settings, Map.of());
    }

    /** The same with every default written out. */
    public String textWithDefaults() {
        Map<String, String> all = new TreeMap<>(DEFAULTS);
        all.putAll(settings);
        return text(all, DEFAULTS);
    }

    private String text(Map<String, String> all, Map<String, String> defaults) {
        String routers = neighbors.entrySet().stream()
                .map(one -> item(
                        "address: 10.1.0." + one.getKey() + ", remoteAs: 6500" + one.getKey(),
                        "neighbor",
                        one.getValue(),
                        defaults))
                .collect(Collectors.joining(", "));
        String programmed = switches.entrySet().stream()
                .map(one -> item(
                        "name: sw-" + one.getKey() + ", datapathId: \"0x" + one.getKey() + "\", gatewayPort: gw",
                        "switch",
                        one.getValue(),
                        defaults))
                .collect(Collectors.joining(", "));
        String names = vms.keySet().stream().map(number -> "vm" + number).collect(Collectors.joining(", "));
        Map<String, String> bgp = new TreeMap<>(all);
        bgp.putIfAbsent("bgp.localAs", "65100");
        StringBuilder text = new StringBuilder("site: a\n")
                .append(peers(
                        section(all, "tunnel", "listen: \"10.9.0.1:7400\", connect: \"10.9.0.2:7400\""),
                        defaults.isEmpty()))
                .append("tls: {certificate: a.crt, key: a.key, authority: ca.crt}\n")
                .append(section(all, "witness", "endpoints: [\"10.9.0.3:7500\"]"))
                .append(section(
                        all, "checkpoint", "listen: \"10.1.1.2:7600\", hosts: [{name: host-a, vms: [" + names + "]}]"))
                .append(section(
                        all,
                        "dataPlane",
                        "mode: routed, inside: in0, insideMac: \"02:00:5e:00:01:01\", insideAddresses: [10.0.0.1/16],"
                                + " uplink: up0"))
                .append(section(bgp, "bgp", "routerId: 10.1.0.100, listen: [10.1.0.100], neighbors: [" + routers + "]"))
                .append("openflow: {listen: \"10.1.1.2:6653\", switches: [" + programmed + "]}\n")
                .append(section(all, "management", "socket: /run/secondsite/a.sock"))
                .append(section(all, "metrics", ""))
                .append("groups:\n");
        groups.forEach((number, further) -> {
            String prefixes = further.stream()
                    .map(prefix -> ", 198.51." + number + "." + 16 * prefix + "/28")
                    .collect(Collectors.joining());
            String standby = withC.isEmpty() && defaults.isEmpty() ? "" : "    standby: " + other(number) + "\n";
            text.append("  - name: g" + number + "\n" + standby + "    prefixes: [10.0." + number + ".0/24" + prefixes
                    + "]\n" + "    promotedPrefixes: [10.0." + number + ".0/25]\n    vms:\n");
            vms.forEach((id, vm) -> {
                if (vm.group() == number) {
                    text.append("      - {name: vm" + id + ", protected: " + vm.ticked() + ", mac: \"52:54:00:00:00:0"
                            + id + "\", addresses: [10.0." + number + "." + (10 + id) + "], switch: sw-" + vm.on()
                            + ", port: p" + vm.port() + "}\n");
                }
            });
        });
        return text.toString();
    }

    private String other(int group) {
        return withC.contains(group) ? "c" : "b";
    }

    /** The short form of a sole peer says the same as the long one. */
    private String peers(String tunnel, boolean isShort) {
        if (withC.isEmpty() && isShort) {
            return "peerSite: b\n" + tunnel;
        }
        String c =
                "  - {site: c, tunnel: {listen: \"10.9.0.1:7401\", connect: \"10.9.0.4:7400\", maxInFlightMiB: 512}}\n";
        return "peers:\n  - site: b\n    " + tunnel + (withC.isEmpty() ? "" : c);
    }
}
