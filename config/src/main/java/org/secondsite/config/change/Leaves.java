package org.secondsite.config.change;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.secondsite.config.BfdConfig;
import org.secondsite.config.BgpConfig;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.MetricsConfig;
import org.secondsite.config.NetconfConfig;
import org.secondsite.config.RoutePolicies;
import org.secondsite.config.Secret;
import org.secondsite.config.TlsFiles;

/**
 * A configuration as a flat table: the path of every setting, by the keys of the file, and its value. Goes through the records by
 * their components, so that no setting can be forgotten.
 */
final class Leaves {
    /** Components that are sections of the records, and not of the file. */
    static final Set<String> WITHOUT_A_NAME = Set.of("extras", "roles", "policies", "attachment");

    /** Keys of the file that are not called as the component is. */
    private static final Map<String, String> KEYS = Map.ofEntries(
            Map.entry("maxInFlightBytes", "maxInFlightMiB"),
            Map.entry("poolBytes", "poolMiB"),
            Map.entry("perVmBytes", "perVmMiB"),
            Map.entry("isProtected", "protected"),
            Map.entry("answersEcho", "echo"),
            Map.entry("allowsPlaintext", "allowPlaintext"),
            Map.entry("isShared", "sharing"),
            Map.entry("resetsForeignGeneration", "foreignGeneration"),
            Map.entry("ownerCommunities", "communities.owner"),
            Map.entry("standbyCommunities", "communities.standby"),
            Map.entry("id", "name"),
            Map.entry("uplinks", "uplink"),
            Map.entry("isTagged", "tagged"),
            Map.entry("switchId", "switch"));

    /** How a value is written in the file, where it is not by its text. */
    private static final Map<String, Function<Object, String>> TEXTS = Map.of(
            "maxInFlightBytes", Leaves::mebibytes,
            "poolBytes", Leaves::mebibytes,
            "perVmBytes", Leaves::mebibytes,
            "datapathId", value -> String.format("0x%016x", (long) value),
            "answersEcho", value -> value.equals(true) ? "answered" : "silent",
            "isShared", value -> value.equals(true) ? "cooperative" : "exclusive",
            "resetsForeignGeneration", value -> value.equals(true) ? "reset" : "refuse",
            "ownerCommunities", Leaves::communities,
            "standbyCommunities", Leaves::communities);

    /** Classes whose records are sections of the file. */
    private static final Set<Class<?>> SECTIONS =
            Set.of(GatewayConfig.class, BgpConfig.class, BfdConfig.class, RoutePolicies.class);

    private static final int LOW_HALF = 0xffff;

    private final Map<String, Leaf> found = new LinkedHashMap<>();
    private final Form form;

    /** How a gateway's peers stand in the file. */
    enum Form {
        /** {@code peerSite} and {@code tunnel}, and no group names its standby. */
        SHORT,
        /** {@code peers}. */
        LONG;

        /** The one in which both can be written. */
        static Form of(GatewayConfig before, GatewayConfig after) {
            return before.peers().size() == 1 && after.peers().size() == 1 ? SHORT : LONG;
        }
    }

    /**
     * One setting.
     *
     * @param value compared
     * @param text shown
     */
    record Leaf(Object value, String text) {}

    private Leaves(Form form) {
        this.form = form;
    }

    static Map<String, Leaf> of(GatewayConfig config, Form form) {
        Leaves leaves = new Leaves(form);
        leaves.components("", config);
        return leaves.found;
    }

    /** The key of a component in the file. */
    static String key(String component) {
        return KEYS.getOrDefault(component, component);
    }

    private void components(String prefix, Record section) {
        for (RecordComponent component : section.getClass().getRecordComponents()) {
            String name = component.getName();
            String path = WITHOUT_A_NAME.contains(name) ? prefix : prefix + key(name);
            Optional<?> value = read(section, component);
            if (form == Form.SHORT && name.equals("peers")) {
                GatewayConfig.Peer peer = ((GatewayConfig) section).peers().getFirst();
                add("peerSite", name, peer.site());
                add("tunnel", name, peer.tunnel());
            } else if (form == Form.LONG || !name.equals("standby")) {
                value.ifPresent(found -> add(path, name, found));
            }
        }
    }

    private void add(String path, String name, Object value) {
        if (value instanceof GatewayConfig.DataPlane plane) {
            leaf(path + ".mode", name, plane.getClass().getSimpleName().toLowerCase(Locale.ROOT));
            components(path + ".", (Record) plane);
        } else if (isSection(value)) {
            components(path.isEmpty() || path.endsWith(".") ? path : path + ".", (Record) value);
        } else if (value instanceof List<?> list
                && !list.isEmpty()
                && key(list.getFirst()).isPresent()) {
            list.forEach(element -> components(path + "[" + key(element).orElseThrow() + "].", (Record) element));
        } else {
            leaf(path, name, value);
        }
    }

    private void leaf(String path, String name, Object value) {
        Function<Object, String> text = TEXTS.getOrDefault(name, Leaves::text);
        found.put(path, new Leaf(value, text.apply(value)));
    }

    /** The value of a component; an absent one is no setting, and neither is a list without an element. */
    private static Optional<?> read(Record section, RecordComponent component) {
        Object value;
        try {
            value = component.getAccessor().invoke(section);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException(component + " cannot be read", e);
        }
        return switch (value) {
            case Optional<?> optional -> optional;
            case OptionalInt optional -> optional.isPresent() ? Optional.of(optional.getAsInt()) : Optional.empty();
            case OptionalLong optional -> optional.isPresent() ? Optional.of(optional.getAsLong()) : Optional.empty();
            case List<?> list when list.isEmpty() -> Optional.empty();
            default -> Optional.of(value);
        };
    }

    private static boolean isSection(Object value) {
        return value instanceof TlsFiles
                || value instanceof MetricsConfig
                || value instanceof NetconfConfig
                || (value instanceof Record
                        && SECTIONS.contains(value.getClass().getNestHost()));
    }

    /** What tells the elements of a list apart, whatever their order; empty: the list is one value. */
    private static Optional<String> key(Object element) {
        return switch (element) {
            case BgpConfig.Neighbor neighbor -> Optional.of(neighbor.address().getHostAddress());
            case BgpConfig.Interface unnumbered -> Optional.of(unnumbered.name());
            case GatewayConfig.Peer peer -> Optional.of(peer.site().name());
            case GatewayConfig.Switch programmed -> Optional.of(programmed.id().name());
            case GatewayConfig.Host host -> Optional.of(host.id().name());
            case GatewayConfig.Group group -> Optional.of(group.id().name());
            case GatewayConfig.Vm vm -> Optional.of(vm.id().name());
            default -> Optional.empty();
        };
    }

    private static String text(Object value) {
        return switch (value) {
            case InetAddress address -> address.getHostAddress();
            case InetSocketAddress endpoint -> {
                String host = endpoint.getAddress() == null
                        ? endpoint.getHostString()
                        : endpoint.getAddress().getHostAddress();
                yield (host.contains(":") ? "[" + host + "]" : host) + ":" + endpoint.getPort();
            }
            case Enum<?> word -> word.name().toLowerCase(Locale.ROOT).replace('_', '-');
            case List<?> list -> list.stream().map(Leaves::text).collect(Collectors.joining(", ", "[", "]"));
            case Secret secret -> secret.toString();
            default -> value.toString();
        };
    }

    private static String mebibytes(Object bytes) {
        return String.valueOf((long) bytes >> 20);
    }

    private static String communities(Object list) {
        return ((List<?>) list)
                .stream()
                        .map(community -> ((long) community >>> 16) + ":" + ((long) community & LOW_HALF))
                        .collect(Collectors.joining(", ", "[", "]"));
    }
}
