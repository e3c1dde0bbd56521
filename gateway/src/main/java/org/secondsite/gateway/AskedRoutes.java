package org.secondsite.gateway;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.secondsite.bgp.exabgp.ApiCommand;
import org.secondsite.bgp.exabgp.NeighborFilter;
import org.secondsite.bgp.rib.RouteAttributes;
import org.secondsite.bgp.wire.Nlri;
import org.secondsite.bgp.wire.Prefix;

/**
 * What commands have asked to be announced besides, or in place of, what follows from the groups' roles. A command is taken whole or
 * not at all. Conductor thread only.
 */
final class AskedRoutes {
    /** Each costs something at every change of a role. */
    private static final int MAX_ROUTES = 1000;

    private static final String ONE_TABLE =
            "a gateway tells all its routers the same: no 'neighbor' before the command";

    private final Map<Prefix, RouteAttributes> asked = new LinkedHashMap<>();

    /**
     * Takes a command.
     *
     * @param obstacle why a prefix cannot be announced by this site now
     * @return why it is refused; empty: it is taken
     */
    Optional<String> take(ApiCommand command, Function<Prefix, Optional<String>> obstacle) {
        return switch (command) {
            case ApiCommand.Announce(NeighborFilter to, List<ApiCommand.Route> routes) ->
                to.equals(NeighborFilter.ALL) ? announce(routes, obstacle) : Optional.of(ONE_TABLE);
            case ApiCommand.Withdraw(NeighborFilter to, List<Nlri> routes) ->
                to.equals(NeighborFilter.ALL) ? withdraw(routes) : Optional.of(ONE_TABLE);
            case ApiCommand.Clear(NeighborFilter to) -> {
                if (to.equals(NeighborFilter.ALL)) {
                    asked.clear();
                    yield Optional.empty();
                }
                yield Optional.of(ONE_TABLE);
            }
            default -> Optional.of("a gateway announces and withdraws prefixes by command, and nothing else");
        };
    }

    private Optional<String> announce(List<ApiCommand.Route> routes, Function<Prefix, Optional<String>> obstacle) {
        Map<Prefix, RouteAttributes> wanted = new LinkedHashMap<>();
        for (ApiCommand.Route route : routes) {
            Optional<Prefix> prefix = prefix(route.nlri());
            if (prefix.isEmpty() || route.watchdog().isPresent() || route.held()) {
                return Optional.of("a gateway announces prefixes without path-information or watchdog");
            }
            Optional<String> why = obstacle.apply(prefix.get());
            if (why.isPresent()) {
                return why;
            }
            wanted.put(prefix.get(), route.attributes());
        }
        long more = wanted.keySet().stream()
                .filter(prefix -> !asked.containsKey(prefix))
                .count();
        if (asked.size() + more > MAX_ROUTES) {
            return Optional.of("a gateway announces " + MAX_ROUTES + " prefixes by command at most");
        }
        asked.putAll(wanted);
        return Optional.empty();
    }

    private Optional<String> withdraw(List<Nlri> routes) {
        List<Prefix> gone = new ArrayList<>();
        for (Nlri nlri : routes) {
            Optional<Prefix> prefix = prefix(nlri).filter(asked::containsKey);
            if (prefix.isEmpty()) {
                return Optional.of(nlri + " was not announced by a command; a group's own prefixes follow its role");
            }
            gone.add(prefix.get());
        }
        gone.forEach(asked::remove);
        return Optional.empty();
    }

    private static Optional<Prefix> prefix(Nlri nlri) {
        return nlri instanceof Nlri.Unicast unicast && !unicast.hasPath()
                ? Optional.of(unicast.prefix())
                : Optional.empty();
    }

    void forEach(BiConsumer<Prefix, RouteAttributes> action) {
        asked.forEach(action);
    }
}
