package org.secondsite.lab.io;

import static org.secondsite.testing.FileText.item;
import static org.secondsite.testing.FileText.section;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The file of the gateway of a {@link LiveSite}, drawn from a seed: neighbours, switches, groups and VMs come, change and go around those
 * that every such file has, whose sessions, flows and packets nothing is to touch.
 */
final class LiveFile {
    /** The neighbours that are in every file: a BIRD and an FRR. */
    static final int BIRD = 2;

    static final int FRR = 3;
    /** The first of the neighbours that come and go. */
    static final int FIRST_OF_CROWD = 11;

    static final int CROWD = 3;
    static final int SWITCHES = 3;
    static final int VMS = 6;
    /** The groups that come and go; the last one is the other site's. */
    static final int GROUPS = 3;

    private static final String STEADY_GROUP = "web";
    private static final Map<String, String> DEFAULTS = Map.ofEntries(
            Map.entry("tunnel.maxInFlightMiB", "256"),
            Map.entry("tunnel.connections", "1"),
            Map.entry("checkpoint.maxEpochsInFlight", "16"),
            Map.entry("dataPlane.echo", "silent"),
            Map.entry("witness.requestTimeoutMs", "1000"),
            Map.entry("bgp.standbyPrepend", "3"),
            Map.entry("neighbor.port", "179"),
            Map.entry("neighbor.passive", "false"),
            Map.entry("neighbor.holdDownSeconds", "0"),
            Map.entry("switch.sharing", "exclusive"),
            Map.entry("switch.foreignGeneration", "refuse"));

    private final Map<String, String> settings;
    private final Map<Integer, Map<String, String>> neighbors = new TreeMap<>();
    private final Map<Integer, Map<String, String>> switches = new TreeMap<>();
    private final Map<Integer, List<Integer>> groups;
    private final Map<Integer, Vm> vms;

    /**
     * A VM that comes and goes.
     *
     * @param group 0: that of the steady VM
     */
    record Vm(int group, boolean ticked, int on) {}

    private LiveFile(LiveFile other) {
        settings = new TreeMap<>(other.settings);
        other.neighbors.forEach((number, one) -> neighbors.put(number, new TreeMap<>(one)));
        other.switches.forEach((number, one) -> switches.put(number, new TreeMap<>(one)));
        groups = new TreeMap<>(other.groups);
        vms = new TreeMap<>(other.vms);
    }

    private LiveFile() {
        settings = new TreeMap<>();
        groups = new TreeMap<>();
        vms = new TreeMap<>();
        neighbors.put(BIRD, new TreeMap<>());
        neighbors.put(FRR, new TreeMap<>());
        neighbors.put(FIRST_OF_CROWD, new TreeMap<>());
        switches.put(1, new TreeMap<>());
        switches.put(2, new TreeMap<>());
        groups.put(GROUPS, List.of());
        vms.put(GROUPS, new Vm(GROUPS, false, 2));
    }

    /** The one to begin with: a neighbour, a switch and a group of the other site beside what is steady. */
    static LiveFile first() {
        return new LiveFile();
    }

    /** The same with so many changes, some of which may come to nothing. */
    LiveFile altered(Random random, int changes) {
        LiveFile other = new LiveFile(this);
        for (int i = 0; i < changes; i++) {
            other.change(random);
        }
        return other;
    }

    /** The same with a setting that only a restart can change. */
    LiveFile thatNeedsARestart() {
        LiveFile other = new LiveFile(this);
        other.settings.merge("dataPlane.poolMiB", "96", (was, is) -> was.equals(is) ? "80" : is);
        return other;
    }

    private void change(Random random) {
        switch (random.nextInt(12)) {
            case 0, 1, 2 -> neighbor(random);
            case 3 -> roles(random);
            case 4, 5 -> aSwitch(random);
            case 6, 7 -> vm(random);
            case 8, 9 -> group(random);
            case 10 -> {
                pick(random, settings, "tunnel.heartbeatMs", "60", "70");
                pick(random, settings, "tunnel.connections", "2", "4");
                pick(random, settings, "checkpoint.maxEpochsInFlight", "12");
            }
            default -> {
                pick(random, settings, "management.logLevel", "warn", "debug");
                pick(random, settings, "metrics.listen", "\"127.0.0.1:9464\"", "\"127.0.0.1:9465\"");
            }
        }
    }

    /** Leaves it alone, takes it away, or gives it one of the values. */
    private static void pick(Random random, Map<String, String> of, String key, String... values) {
        switch (random.nextInt(4)) {
            case 0 -> of.remove(key);
            case 1 -> {}
            default -> of.put(key, values[random.nextInt(values.length)]);
        }
    }

    private void roles(Random random) {
        pick(random, settings, "bgp.standbyPrepend", "1", "3", "5");
        pick(random, settings, "bgp.standbyMed", "50");
        pick(
                random,
                settings,
                "bgp.communities",
                "{owner: [\"65100:80\"], standby: [\"65100:90\"]}",
                "{owner: [\"65100:80\"]}");
    }

    private void neighbor(Random random) {
        int number = FIRST_OF_CROWD + random.nextInt(CROWD);
        Map<String, String> one = neighbors.get(number);
        if (one == null) {
            neighbors.put(number, new TreeMap<>());
        } else if (random.nextInt(4) == 0) {
            neighbors.remove(number);
        } else {
            switch (random.nextInt(7)) {
                case 0, 1 -> pick(random, one, "holdTimeSeconds", "40", "50");
                case 2 -> pick(random, one, "port", "1179");
                case 3 -> pick(random, one, "passive", "true", "false");
                case 4, 5 -> pick(random, one, "standbyPrepend", "1", "2", "3");
                default -> pick(random, one, "imports", "[{action: accept}]");
            }
        }
    }

    private void aSwitch(Random random) {
        int number = 2 + random.nextInt(SWITCHES - 1);
        Map<String, String> one = switches.get(number);
        boolean used = vms.values().stream().anyMatch(vm -> vm.on() == number);
        if (one == null) {
            switches.put(number, new TreeMap<>());
        } else if (!used && random.nextBoolean()) {
            switches.remove(number);
        } else {
            pick(random, one, "sharing", "cooperative", "exclusive");
            pick(random, one, "foreignGeneration", "reset", "refuse");
        }
    }

    private void vm(Random random) {
        int number = 2 + random.nextInt(VMS - 1);
        Vm vm = vms.get(number);
        if (number == GROUPS) {
            return; // the other site's, whose owner says what is ticked
        } else if (vm == null) {
            vms.put(number, drawn(random, List.of(0, 0, 1, 2).get(random.nextInt(4))));
            if (!groups.containsKey(vms.get(number).group()) && vms.get(number).group() != 0) {
                groups.put(vms.get(number).group(), List.of());
            }
        } else if (random.nextInt(3) == 0 && (vm.group() == 0 || others(number, vm.group()) > 0)) {
            vms.remove(number);
        } else {
            vms.put(number, new Vm(vm.group(), !vm.ticked(), vm.on()));
        }
    }

    private long others(int number, int group) {
        return vms.entrySet().stream()
                .filter(one -> one.getKey() != number && one.getValue().group() == group)
                .count();
    }

    private Vm drawn(Random random, int group) {
        List<Integer> there = List.copyOf(switches.keySet());
        // One that is ticked without an agent would keep the steady VM's group from what it is.
        return new Vm(group, group != 0 && random.nextBoolean(), there.get(random.nextInt(there.size())));
    }

    private void group(Random random) {
        int number = 1 + random.nextInt(GROUPS);
        List<Integer> prefixes = groups.get(number);
        if (prefixes == null) {
            groups.put(number, List.of());
            if (number == GROUPS) {
                vms.put(GROUPS, new Vm(GROUPS, false, 1));
            } else if (others(0, number) == 0) {
                int free = 2;
                while (vms.containsKey(free) || free == GROUPS) {
                    free++;
                }
                vms.put(free, drawn(random, number));
            }
        } else if (random.nextInt(3) == 0) {
            groups.remove(number);
            vms.values().removeIf(vm -> vm.group() == number);
        } else {
            List<Integer> others = new ArrayList<>(prefixes);
            Integer some = 1 + random.nextInt(4);
            if (!others.remove(/* element */ some)) {
                others.add(some);
            }
            groups.put(number, List.copyOf(others));
        }
    }

    // ---- what follows

    /** The numbers of its neighbours. */
    List<Integer> neighbors() {
        return List.copyOf(neighbors.keySet());
    }

    /** The numbers of its switches. */
    List<Integer> switches() {
        return List.copyOf(switches.keySet());
    }

    /** The numbers of the groups that come and go. */
    List<Integer> groups() {
        return List.copyOf(groups.keySet());
    }

    /** Whether its owner is the other site. */
    static boolean isOthers(int group) {
        return group == GROUPS;
    }

    static String groupName(int group) {
        return group == 0 ? STEADY_GROUP : "g" + group;
    }

    /** The VMs that have flows at a switch, by name, with the MACs by which the flows know them. */
    Map<String, String> macsAt(int number) {
        Map<String, String> macs = new TreeMap<>();
        if (number == 1) {
            macs.put("vm1", mac(1));
        }
        vms.forEach((vm, place) -> {
            if (place.on() == number) {
                macs.put("vm" + vm, mac(vm));
            }
        });
        return macs;
    }

    static String mac(int vm) {
        return "52:54:00:c0:10:0" + vm;
    }

    /** The routes that a neighbour is to have: what of them BIRD tells, by prefix. */
    Map<String, String> routesTo(int neighbor) {
        Map<String, String> routes = new TreeMap<>();
        routes.put("203.0.113.0/24", attributes(neighbor, false));
        groups.forEach((group, further) -> {
            String told = attributes(neighbor, isOthers(group));
            prefixes(group).forEach(prefix -> routes.put(prefix, told));
        });
        return routes;
    }

    private String attributes(int neighbor, boolean standby) {
        String communities = settings.getOrDefault("bgp.communities", "");
        String community =
                communities.contains(standby ? "65100:90" : "65100:80") ? standby ? "(65100,90)" : "(65100,80)" : "";
        if (!standby) {
            return "65100  " + community;
        }
        String usual = settings.getOrDefault("bgp.standbyPrepend", "3");
        int prepend = Integer.parseInt(neighbors.get(neighbor).getOrDefault("standbyPrepend", usual));
        return ("65100 ".repeat(prepend) + "65100 " + settings.getOrDefault("bgp.standbyMed", "") + " " + community);
    }

    private List<String> prefixes(int group) {
        List<String> prefixes = new ArrayList<>(List.of("10.20." + group + ".0/24"));
        groups.get(group).forEach(further -> prefixes.add("10.20." + (10 * group + further) + ".0/24"));
        return prefixes;
    }

    // ---- text

    String text() {
        return text(settings, Map.of());
    }

    /** The same file as text with every default written out. */
    String textWithDefaults() {
        Map<String, String> all = new TreeMap<>(DEFAULTS);
        all.putAll(settings);
        return text(all, DEFAULTS);
    }

    private String text(Map<String, String> all, Map<String, String> defaults) {
        Map<String, String> more = new TreeMap<>(all);
        more.putIfAbsent("tunnel.heartbeatMs", "50");
        String routers = neighbors.entrySet().stream()
                .map(one -> {
                    Map<String, String> its = new TreeMap<>(one.getValue());
                    its.putIfAbsent("holdTimeSeconds", "30");
                    return item(
                            "address: 192.0.2." + one.getKey() + ", remoteAs: " + (65000 + one.getKey()),
                            "neighbor",
                            its,
                            defaults);
                })
                .collect(Collectors.joining(", "));
        String programmed = switches.entrySet().stream()
                .map(one -> item(
                        "name: sw-" + one.getKey() + ", datapathId: \"0x" + one.getKey() + "\", gatewayPort: gw"
                                + one.getKey(),
                        "switch",
                        one.getValue(),
                        defaults))
                .collect(Collectors.joining(", "));
        String names = vms.keySet().stream().map(number -> ", vm" + number).collect(Collectors.joining("", "vm1", ""));
        StringBuilder text = new StringBuilder("site: a\npeerSite: b\n")
                .append(section(
                        more, "tunnel", "listen: \"10.9.0.1:7400\", connect: \"10.9.0.2:7400\", suspectAfterMs: 5000"))
                .append("tls: {certificate: a.crt, key: a.key, authority: ca.crt}\n")
                .append(section(more, "witness", "endpoints: [\"10.9.0.3:7500\"], termFile: a.term"))
                .append(section(
                        more,
                        "checkpoint",
                        "listen: \"10.9.0.1:7600\", intervalMs: 50, overload: slow, hosts: [{name: host-a, vms: ["
                                + names + "]}]"))
                .append(section(
                        more,
                        "dataPlane",
                        "mode: routed, inside: in0, insideMac: \"02:00:5e:00:01:01\","
                                + " insideAddresses: [203.0.113.1/24, 10.20.0.1/16], uplink: up0"))
                .append(section(
                        more,
                        "bgp",
                        "localAs: 65100, routerId: 192.0.2.1, listen: [192.0.2.1], neighbors: [" + routers + "]"))
                .append("openflow: {listen: \"10.1.0.1:6653\", switches: [" + programmed + "]}\n")
                .append(section(more, "management", "socket: a.sock"))
                .append(section(more, "metrics", ""))
                .append("groups:\n");
        groupText(text, 0, List.of("203.0.113.0/24"));
        groups.keySet().forEach(group -> groupText(text, group, prefixes(group)));
        return text.toString();
    }

    private void groupText(StringBuilder text, int group, List<String> prefixes) {
        text.append("  - name: ")
                .append(groupName(group))
                .append("\n    prefixes: ")
                .append(prefixes);
        text.append("\n    vms:\n");
        if (group == 0) {
            text.append("      - {name: vm1, protected: true, mac: \"" + mac(1)
                    + "\", addresses: [203.0.113.10], switch: sw-1, port: vm1}\n");
        }
        vms.forEach((id, vm) -> {
            if (vm.group() == group) {
                text.append("      - {name: vm" + id + ", protected: " + vm.ticked() + ", mac: \"" + mac(id)
                        + "\", addresses: [" + (group == 0 ? "203.0.113." + (10 + id) : "10.20." + group + "." + id)
                        + "], switch: sw-" + vm.on() + ", port: p" + id + "s" + vm.on() + "}\n");
            }
        });
    }
}
