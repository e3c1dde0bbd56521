package org.secondsite.bgp.exabgp;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.FlowSpec;
import org.secondsite.bgp.wire.Nlri;

/** Traffic filters as ExaBGP shows them. */
final class FlowText {
    private static final List<String> NUMERIC = List.of("true", "=", ">", ">=", "<", "<=", "!=", "false");
    private static final List<String> BINARY = List.of("", "=", "!", "!=");

    private FlowText() {}

    /** The components by name, and all of them in one string. */
    static Map<String, Object> json(Nlri.Flow flow, String nextHop) {
        Map<String, Object> all = new LinkedHashMap<>();
        StringBuilder whole = new StringBuilder("flow");
        for (FlowSpec.Component component : FlowSpec.components(flow.rule(), flow.family())) {
            String name = name(component.kind(), flow.family());
            switch (component) {
                case FlowSpec.PrefixComponent prefix -> {
                    String text = AddressText.of(prefix.address()) + "/" + prefix.length()
                            + (flow.family().afi() == 2 ? "/" + prefix.offset() : "");
                    all.put(name, List.of(text));
                    whole.append(' ').append(name).append(' ').append(text);
                }
                case FlowSpec.ValueComponent values -> {
                    all.put(name, list(values));
                    whole.append(' ').append(name).append(' ').append(line(values));
                }
            }
        }
        if (!nextHop.isEmpty()) {
            all.put("next-hop", nextHop);
            whole.append(" next-hop ").append(nextHop);
        }
        all.put("string", whole.toString());
        return all;
    }

    static String name(FlowSpec.Kind kind, AddressFamily family) {
        boolean ipv6 = family.afi() == 2;
        return switch (kind) {
            case DESTINATION -> ipv6 ? "destination-ipv6" : "destination-ipv4";
            case SOURCE -> ipv6 ? "source-ipv6" : "source-ipv4";
            case PROTOCOL -> ipv6 ? "next-header" : "protocol";
            case PORT -> "port";
            case DESTINATION_PORT -> "destination-port";
            case SOURCE_PORT -> "source-port";
            case ICMP_TYPE -> "icmp-type";
            case ICMP_CODE -> "icmp-code";
            case TCP_FLAGS -> "tcp-flags";
            case PACKET_LENGTH -> "packet-length";
            case DSCP -> ipv6 ? "traffic-class" : "dscp";
            case FRAGMENT -> "fragment";
            case FLOW_LABEL -> "flow-label";
        };
    }

    /** Conditions that are joined by "and" stand in one string. */
    private static List<String> list(FlowSpec.ValueComponent values) {
        List<String> list = new ArrayList<>();
        for (FlowSpec.Condition condition : values.conditions()) {
            String text = condition(values.kind(), condition, "\", \"");
            if (condition.and() && !list.isEmpty()) {
                list.add(list.removeLast() + text);
            } else if (values.kind().isMask() && condition.operator() < BINARY.size()) {
                String operator = (condition.and() ? "&" : "") + BINARY.get(condition.operator());
                for (String bit :
                        FlowNames.bits(values.kind(), condition.value(), ",").split(",", -1)) {
                    list.add(operator + bit);
                }
            } else {
                list.add(text);
            }
        }
        return list;
    }

    private static String line(FlowSpec.ValueComponent values) {
        StringJoiner joiner = new StringJoiner(" ");
        StringBuilder run = new StringBuilder();
        for (FlowSpec.Condition condition : values.conditions()) {
            if (!condition.and() && !run.isEmpty()) {
                joiner.add(run);
                run.setLength(0);
            }
            run.append(condition(values.kind(), condition, "+"));
        }
        joiner.add(run);
        return values.conditions().size() > 1 ? "[ " + joiner + " ]" : joiner.toString();
    }

    private static String condition(FlowSpec.Kind kind, FlowSpec.Condition condition, String separator) {
        String and = condition.and() ? "&" : "";
        if (kind.isMask()) {
            String operator = condition.operator() < BINARY.size() ? BINARY.get(condition.operator()) : "?";
            return and + operator + FlowNames.bits(kind, condition.value(), separator);
        }
        boolean constant = condition.operator() == 0 || condition.operator() == 7;
        return and + NUMERIC.get(condition.operator()) + (constant ? "" : FlowNames.name(kind, condition.value()));
    }
}
