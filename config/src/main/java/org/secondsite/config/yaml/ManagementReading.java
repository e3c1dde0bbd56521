package org.secondsite.config.yaml;

import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.secondsite.config.GatewayConfig;
import org.secondsite.config.NetconfConfig;

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
                section.optionalSection("https").map(at -> https(at, taken)),
                section.optionalSection("netconf").map(at -> netconf(at, taken)));
    }

    private static GatewayConfig.Https https(Section section, Map<String, InetSocketAddress> taken) {
        InetSocketAddress listen = listen(section, taken);
        GatewayConfig.Https https = new GatewayConfig.Https(
                listen,
                TlsReading.read(section),
                section.optionalList("admins", Function.identity()),
                section.optionalList("operators", Function.identity()),
                section.optionalList("viewers", Function.identity()),
                section.optionalFile("tokens"));
        checkRoles(section, https.admins(), https.operators(), https.viewers());
        return https;
    }

    private static NetconfConfig netconf(Section section, Map<String, InetSocketAddress> taken) {
        NetconfConfig netconf = new NetconfConfig(
                listen(section, taken),
                section.file("hostKey"),
                section.file("authorizedKeys"),
                section.optionalList("admins", Function.identity()),
                section.optionalList("operators", Function.identity()),
                section.optionalList("viewers", Function.identity()));
        checkRoles(section, netconf.admins(), netconf.operators(), netconf.viewers());
        return netconf;
    }

    private static InetSocketAddress listen(Section section, Map<String, InetSocketAddress> taken) {
        InetSocketAddress listen = section.endpoint("listen");
        taken.forEach((name, address) -> {
            if (address.equals(listen)) {
                section.problem("listen", Values.shown(listen) + " is taken by " + name);
            }
        });
        if (listen != null) {
            taken.put(section.path() + ".listen", listen);
        }
        return listen;
    }

    private static void checkRoles(Section section, List<String> admins, List<String> operators, List<String> viewers) {
        if (ROLES.stream().noneMatch(section::has)) {
            section.problem("nobody may come in: name somebody in admins, operators or viewers");
        }
        Map<String, String> roles = new HashMap<>();
        Map<String, List<String>> names = Map.of("admins", admins, "operators", operators, "viewers", viewers);
        for (String role : ROLES) {
            for (String name : names.get(role)) {
                Optional.ofNullable(roles.putIfAbsent(name, role))
                        .ifPresent(other -> section.problem(role, name + " is one of the " + other + " already"));
            }
        }
    }
}
