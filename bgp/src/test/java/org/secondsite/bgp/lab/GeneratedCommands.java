package org.secondsite.bgp.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.StringJoiner;

/** Text commands of every kind, made of a seed: routes of both IP versions and traffic filters. */
final class GeneratedCommands {
    private final Random random;

    GeneratedCommands(Random random) {
        this.random = random;
    }

    List<String> take(int count) {
        List<String> commands = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            commands.add(
                    switch (random.nextInt(6)) {
                        case 0, 1 -> "announce route " + prefix(false) + " next-hop 10.7.0.1" + attributes();
                        case 2 -> "announce route " + prefix(true) + " next-hop fd00:7::1" + attributes();
                        case 3 -> "withdraw route " + prefix(random.nextBoolean());
                        case 4 -> {
                            boolean ipv6 = random.nextInt(3) == 0;
                            yield "announce flow route { " + match(ipv6) + " then { " + then(ipv6) + " } }";
                        }
                        default -> "withdraw flow route { " + match(random.nextInt(3) == 0) + " }";
                    });
        }
        return commands;
    }

    private String prefix(boolean ipv6) {
        return ipv6
                ? "2001:db8:" + Integer.toHexString(random.nextInt(0x10000)) + "::/48"
                : (1 + random.nextInt(220)) + "." + random.nextInt(256) + "." + random.nextInt(256) + ".0/24";
    }

    private String attributes() {
        StringBuilder text = new StringBuilder();
        maybe(text, " origin " + List.of("igp", "egp", "incomplete").get(random.nextInt(3)));
        maybe(text, " as-path [ 65100 " + as() + " " + as() + " ]");
        maybe(text, " med " + random.nextInt(Integer.MAX_VALUE));
        maybe(text, " community [ " + pair() + " " + pair() + " no-export ]");
        maybe(text, " large-community [ " + as() + ":" + random.nextInt(99) + ":" + as() + " ]");
        maybe(
                text,
                " extended-community [ target:" + random.nextInt(65536) + ":" + random.nextInt(99999)
                        + " origin:65001:9" + " target:" + (70_000 + random.nextInt(99)) + ":5 redirect:65000:"
                        + random.nextInt(9999) + " ]");
        maybe(text, " atomic-aggregate");
        maybe(text, " aggregator ( " + as() + ":10.0.0." + random.nextInt(256) + " )");
        maybe(text, " attribute [ 0x63 0xc0 0x" + String.format(Locale.ROOT, "%06x", random.nextInt(1 << 24)) + " ]");
        return text.toString();
    }

    private void maybe(StringBuilder text, String part) {
        text.append(random.nextInt(3) == 0 ? part : "");
    }

    private long as() {
        return random.nextBoolean() ? 1 + random.nextInt(65_000) : 4_200_000_000L + random.nextInt(1000);
    }

    private String pair() {
        return random.nextInt(65_536) + ":" + random.nextInt(65_536);
    }

    private String match(boolean ipv6) {
        StringBuilder text =
                new StringBuilder("match { destination ").append(prefix(ipv6)).append(";");
        maybe(text, " source " + prefix(ipv6) + ";");
        maybe(text, " " + (ipv6 ? "next-header" : "protocol") + " [ tcp udp ];");
        maybe(text, " port " + numbers(65_536) + ";");
        maybe(text, " destination-port " + numbers(65_536) + ";");
        maybe(text, " source-port " + numbers(65_536) + ";");
        maybe(text, " icmp-type [ echo-request echo-reply ];");
        maybe(text, " icmp-code " + numbers(3) + ";");
        maybe(text, " tcp-flags [ syn =ack !fin ];");
        maybe(text, " packet-length " + numbers(65_536) + ";");
        maybe(text, " " + (ipv6 ? "traffic-class" : "dscp") + " " + numbers(64) + ";");
        maybe(text, " fragment [ first-fragment =last-fragment ];");
        if (ipv6) {
            maybe(text, " flow-label " + numbers(1 << 16) + ";");
        }
        return text.append(" }").toString();
    }

    private String numbers(int bound) {
        StringJoiner joiner = new StringJoiner(" ", "[ ", " ]");
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            String operator = List.of("=", ">", "<", ">=", "<=", "!=").get(random.nextInt(6));
            String more = random.nextBoolean() ? "&<=" + random.nextInt(bound) : "";
            joiner.add(operator + random.nextInt(bound) + more);
        }
        return joiner.toString();
    }

    private String then(boolean ipv6) {
        return switch (random.nextInt(7)) {
            case 0 -> "discard;";
            case 1 -> "rate-limit " + (9600 + random.nextInt(100_000)) + ";";
            case 2 -> "redirect " + random.nextInt(65_536) + ":" + random.nextInt(99_999) + ";";
            case 3 -> "redirect " + hop(ipv6) + ";";
            case 4 -> "mark " + random.nextInt(64) + "; action sample;";
            case 5 -> "redirect-to-nexthop-ietf 10.1.2.3; community [ " + pair() + " ];";
            default -> "copy " + hop(ipv6) + ";";
        };
    }

    /** ExaBGP takes a next hop of the filter's IP version only. */
    private String hop(boolean ipv6) {
        return (ipv6 ? "fd00:7::" : "10.0.0.") + (1 + random.nextInt(99));
    }
}
