package org.secondsite.bgp.exabgp;

import java.util.ArrayList;
import java.util.List;
import org.secondsite.bgp.exabgp.Statement.MalformedException;

/**
 * Routes of a configuration file, read by what reads them from a helper: {@code static { route … }}, {@code announce { ipv4 {
 * unicast … } }} and {@code flow { route … }}.
 */
final class RouteStatements {
    private RouteStatements() {}

    static List<ApiCommand.Route> read(Statement section) throws MalformedException {
        List<ApiCommand.Route> routes = new ArrayList<>();
        for (Statement each : section.block()) {
            switch (section.kind()) {
                case "static" -> routes.addAll(inStatic(each));
                case "flow" -> routes.addAll(inFlow(each));
                default -> routes.addAll(inFamily(each));
            }
        }
        return routes;
    }

    private static List<ApiCommand.Route> inStatic(Statement each) throws MalformedException {
        if (!each.kind().equals("route") && !each.kind().equals("attributes")) {
            throw ConfigurationGrammar.refused(each, "static { " + each.kind() + " }");
        }
        return announced(each, each.flat());
    }

    private static List<ApiCommand.Route> inFlow(Statement each) throws MalformedException {
        if (!each.kind().equals("route")) {
            throw ConfigurationGrammar.refused(each, "flow { " + each.kind() + " }");
        }
        return announced(each, "flow " + each.text());
    }

    private static List<ApiCommand.Route> inFamily(Statement family) throws MalformedException {
        if (!family.kind().equals("ipv4") && !family.kind().equals("ipv6")) {
            throw ConfigurationGrammar.refused(family, "announce { " + family.kind() + " }");
        }
        List<ApiCommand.Route> routes = new ArrayList<>();
        for (Statement each : family.block()) {
            switch (each.kind()) {
                case "unicast" -> routes.addAll(announced(each, family.kind() + " " + each.flat()));
                case "flow" ->
                    routes.addAll(announced(each, "flow route " + each.text().substring("flow ".length())));
                default ->
                    throw ConfigurationGrammar.refused(
                            each, "announce { " + family.kind() + " { " + each.kind() + " } }");
            }
        }
        return routes;
    }

    private static List<ApiCommand.Route> announced(Statement statement, String words) throws MalformedException {
        return switch (CommandParser.parse("announce " + words)) {
            case ApiCommand.Announce(var _, List<ApiCommand.Route> routes) -> routes;
            case ApiCommand.Fault(String reason) -> throw ConfigurationGrammar.wrong(statement, reason);
            default -> throw new AssertionError("announce is no other command");
        };
    }
}
