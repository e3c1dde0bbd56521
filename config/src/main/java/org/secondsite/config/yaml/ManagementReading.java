package org.secondsite.config.yaml;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.secondsite.config.GatewayConfig;

/** The keys of a gateway's {@code management}. */
final class ManagementReading {
    private static final List<String> LOG_LEVELS = List.of("error", "warn", "info", "debug");

    /** Those of a gateway that write a log, by the names of their packages. */
    private static final List<String> LOGGING_MODULES =
            List.of("bgp", "buffer", "gateway", "management", "metrics", "net", "openflow", "replicator", "witness");

    private static final List<String> ROLES = List.of("admins", "operators", "viewers");

    private ManagementReading() {}

    /**
     * Reads them.
     *
     * @param taken the addresses at which this process listens already, by what stands in the message; that of this section is added
     */
    static GatewayConfig.Management read(Section section, Map<String, InetSocketAddress> taken) {
        return new GatewayConfig.Management(
                section.socket("socket"),
                section.optional("logLevel", text -> Values.oneOf(LOG_LEVELS, text))
                        .map(word -> GatewayConfig.LogLevel.valueOf(word.toUpperCase(Locale.ROOT))),
                section.has("debug") ? section.list("debug", text -> Values.oneOf(LOGGING_MODULES, text)) : List.of(),
                section.optionalSection("https").map(at -> https(at, taken)));
    }

    private static GatewayConfig.Https https(Section section, Map<String, InetSocketAddress> taken) {
        InetSocketAddress listen = section.endpoint("listen");
        taken.forEach((name, address) -> {
            if (address.equals(listen)) {
                section.problem("listen", Values.shown(listen) + " is taken by " + name);
            }
        });
        if (listen != null) {
            taken.put("management.https.listen", listen);
        }
        GatewayConfig.Https https = new GatewayConfig.Https(
                listen,
                TlsReading.read(section),
                section.optionalList("admins", Function.identity()),
                section.optionalList("operators", Function.identity()),
                section.optionalList("viewers", Function.identity()),
                section.optionalFile("tokens"));
        if (ROLES.stream().noneMatch(section::has)) {
            section.problem("nobody may come in: name somebody in admins, operators or viewers");
        }
        checkRoles(section, https);
        return https;
    }

    private static void checkRoles(Section section, GatewayConfig.Https https) {
        Map<String, String> roles = new HashMap<>();
        Map<String, List<String>> names =
                Map.of("admins", https.admins(), "operators", https.operators(), "viewers", https.viewers());
        for (String role : ROLES) {
            for (String name : names.get(role)) {
                Optional.ofNullable(roles.putIfAbsent(name, role))
                        .ifPresent(other -> section.problem(role, name + " is one of the " + other + " already"));
            }
        }
    }
}
