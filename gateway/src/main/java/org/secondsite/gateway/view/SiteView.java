package org.secondsite.gateway.view;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.GroupId;
import org.secondsite.config.PairConfig;
import org.secondsite.config.VmId;
import org.secondsite.replicator.tunnel.PeerMessage;

/**
 * What a site's file says and the other site's should say as well: members, MACs and addresses of groups' VMs, prefixes, the VMs'
 * first hop, and when protection gives way. A flat table of names and values.
 *
 * <p>What only one site can know is no part of it: ports of switches, hypervisors, routers.
 *
 * @param entries by name
 * @param digest of all of them: SHA-256 in 64 hexadecimal digits
 */
public record SiteView(SortedMap<String, String> entries, String digest) {
    /** Whether a VM is ticked stands under its own name with this. */
    private static final String TICK = "].protected";

    private static final String PREFIXES = "].prefixes";
    private static final String MAC = "mac";
    private static final String ADDRESSES = "addresses";
    private static final String FIRST_HOP = "firstHop";
    private static final Pattern OF_VM = Pattern.compile("groups\\[[^]]*\\]\\.vms\\[([^]]*)\\]\\.(\\w+)");
    private static final Set<String> IDENTITY = Set.of(MAC, ADDRESSES, FIRST_HOP);
    private static final int DIGEST_SHOWN = 8;

    /** Keeps a table of its own. */
    public SiteView {
        entries = Collections.unmodifiableSortedMap(new TreeMap<>(entries));
    }

    /** What a configuration says. */
    public static SiteView of(PairConfig config) {
        SortedMap<String, String> entries = new TreeMap<>();
        entries.put("tunnel.heartbeatMs", String.valueOf(config.tunnel().heartbeatMs()));
        entries.put("tunnel.suspectAfterMs", String.valueOf(config.tunnel().suspectAfterMs()));
        GatewayConfig.Checkpoint checkpoint = config.checkpoint();
        entries.put("checkpoint.intervalMs", String.valueOf(checkpoint.intervalMs()));
        entries.put("checkpoint.maxIntervalMs", String.valueOf(checkpoint.maxIntervalMs()));
        entries.put("checkpoint.overload", checkpoint.overload().name());
        entries.put("checkpoint.overloadAfterMs", String.valueOf(checkpoint.overloadAfterMs()));
        if (config.dataPlane() instanceof GatewayConfig.Routed routed) {
            entries.put("dataPlane.insideMac", routed.insideMac().toString());
            entries.put("dataPlane.insideAddresses", sorted(routed.insideAddresses()));
            entries.put("dataPlane.echo", routed.answersEcho() ? "answered" : "silent");
        }
        for (GatewayConfig.Group group : config.groups()) {
            String at = "groups[" + group.id();
            entries.put(at + PREFIXES, sorted(group.prefixes()));
            entries.put(at + "].promotedPrefixes", sorted(group.promotedPrefixes()));
            for (GatewayConfig.Vm vm : group.vms()) {
                entries.put(tick(group.id(), vm.id()), String.valueOf(vm.isProtected()));
                entries.put(name(group.id(), vm.id(), MAC), vm.mac().toString());
                entries.put(
                        name(group.id(), vm.id(), ADDRESSES),
                        sorted(vm.addresses().stream()
                                .map(InetAddress::getHostAddress)
                                .toList()));
                entries.put(name(group.id(), vm.id(), FIRST_HOP), firstHop(config.dataPlane(), vm));
            }
        }
        entries.replaceAll((name, value) -> bounded(value));
        return of(entries);
    }

    /** Of a table. */
    static SiteView of(SortedMap<String, String> entries) {
        return new SiteView(entries, digest(entries));
    }

    private static String name(GroupId group, VmId vm, String attribute) {
        return "groups[" + group + "].vms[" + vm + "]." + attribute;
    }

    private static String tick(GroupId group, VmId vm) {
        return "groups[" + group + "].vms[" + vm + TICK;
    }

    /** A VM that moves finds its router again, if that has the same MAC and addresses. */
    private static String firstHop(GatewayConfig.DataPlane plane, GatewayConfig.Vm vm) {
        return switch (plane) {
            case GatewayConfig.Routed routed ->
                routed.insideMac() + " "
                        + sorted(routed.insideAddresses().stream()
                                .filter(own -> vm.addresses().stream()
                                        .anyMatch(address -> own.subnet().contains(address)))
                                .toList());
            case GatewayConfig.Transparent _ -> "behind the bump";
            case GatewayConfig.Loopback _ -> "none";
        };
    }

    private static String sorted(Collection<?> values) {
        return values.stream().map(Object::toString).sorted().collect(Collectors.joining(" "));
    }

    /** A value that is too long keeps its beginning, and what tells it from others. */
    private static String bounded(String value) {
        int most = PeerMessage.ViewPart.MAX_TEXT_BYTES;
        if (value.length() <= most) {
            return value;
        }
        String of = digest(new TreeMap<>(Map.of("", value))).substring(0, DIGEST_SHOWN);
        return value.substring(0, most - DIGEST_SHOWN - 5) + " ... " + of;
    }

    private static String digest(SortedMap<String, String> entries) {
        MessageDigest sha;
        try {
            sha = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has it", e);
        }
        entries.forEach((name, value) -> {
            // No name or value has a line's end.
            sha.update((name + "\n" + value + "\n").getBytes(StandardCharsets.US_ASCII));
        });
        return HexFormat.of().formatHex(sha.digest());
    }

    /** The view as messages; empty if it is too large for the other site to compare. */
    public List<PeerMessage.ViewPart> parts() {
        List<List<PeerMessage.ViewPart.Entry>> cut = new ArrayList<>();
        int room = 0;
        for (Map.Entry<String, String> entry : entries.entrySet()) {
            int size = entry.getKey().length() + entry.getValue().length();
            if (room < size) {
                cut.add(new ArrayList<>());
                room = PeerMessage.ViewPart.MAX_BYTES;
            }
            room -= size;
            cut.getLast().add(new PeerMessage.ViewPart.Entry(entry.getKey(), entry.getValue()));
        }
        List<PeerMessage.ViewPart> parts = new ArrayList<>();
        if (cut.size() <= PeerMessage.ViewPart.MAX_PARTS) {
            for (int i = 0; i < cut.size(); i++) {
                parts.add(new PeerMessage.ViewPart(digest, i, cut.size(), cut.get(i)));
            }
        }
        return parts;
    }

    /** Why the other site cannot compare the view, in words; empty: it can. */
    public Optional<String> obstacle() {
        int mebibytes = (PeerMessage.ViewPart.MAX_PARTS * PeerMessage.ViewPart.MAX_BYTES) >> 20;
        return parts().isEmpty()
                ? Optional.of("the two sites compare " + mebibytes
                        + " MiB of groups and VMs at most, and this is more: no" + " VM would be protected")
                : Optional.empty();
    }

    /** A view from all of its parts; empty if its digest is another one. */
    public static Optional<SiteView> of(String digest, Collection<PeerMessage.ViewPart> parts) {
        SortedMap<String, String> entries = new TreeMap<>();
        parts.forEach(part -> part.entries().forEach(entry -> entries.put(entry.name(), entry.value())));
        return Optional.of(of(entries)).filter(view -> view.digest().equals(digest));
    }

    /** Whether the VM is ticked there; empty: the file has no such VM. */
    public Optional<Boolean> isTicked(GroupId group, VmId vm) {
        return Optional.ofNullable(entries.get(tick(group, vm))).map(Boolean::valueOf);
    }

    /**
     * Where another view differs, by name. A setting that only one of the two releases speaks of is no difference; a VM or a group that only
     * one of the two files has is one, by what every one of them has.
     *
     * @param there the other site's
     */
    public List<ViewDifference> differences(SiteView there) {
        TreeMap<String, ViewDifference> found = new TreeMap<>();
        entries.forEach((name, here) -> {
            String other = there.entries.get(name);
            if (other == null ? marksItsSubject(name) : !other.equals(here)) {
                found.put(name, new ViewDifference(name, here, other == null ? "" : other));
            }
        });
        there.entries.keySet().stream()
                .filter(name -> marksItsSubject(name) && !entries.containsKey(name))
                .forEach(name -> found.put(name, new ViewDifference(name, "", there.entries.get(name))));
        return List.copyOf(found.values());
    }

    private static boolean marksItsSubject(String name) {
        return name.endsWith(TICK) || name.endsWith(PREFIXES);
    }

    /** Of some differences, in words for each VM, those that keep it from going on at the other site as if nothing had happened. */
    public static Map<VmId, String> ofIdentity(List<ViewDifference> differences, String hereName, String thereName) {
        Map<VmId, String> found = new HashMap<>();
        for (ViewDifference one : differences) {
            Matcher name = OF_VM.matcher(one.name());
            if (name.matches()
                    && IDENTITY.contains(name.group(2))
                    && !one.here().isEmpty()
                    && !one.there().isEmpty()) {
                String words =
                        name.group(2) + " " + one.here() + " at " + hereName + ", " + one.there() + " at " + thereName;
                found.merge(new VmId(name.group(1)), words, (first, second) -> first + "; " + second);
            }
        }
        return found;
    }
}
