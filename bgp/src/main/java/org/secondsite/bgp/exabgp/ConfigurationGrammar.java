package org.secondsite.bgp.exabgp;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.secondsite.bgp.exabgp.HelperProcess.EventKind;
import org.secondsite.bgp.exabgp.Statement.MalformedException;
import org.secondsite.bgp.session.NeighborSettings;
import org.secondsite.bgp.session.SpeakerSettings;
import org.secondsite.bgp.wire.Prefix;

/** The outermost level of a file: {@code process}, {@code template} and {@code neighbor}. */
final class ConfigurationGrammar {
    private static final Set<String> OF_NEIGHBOR_ROUTES = Set.of("static", "announce", "flow");

    private final Map<String, List<Statement>> templates = new HashMap<>();
    private final Map<String, ProcessText> processes = new LinkedHashMap<>();
    private final Map<String, Map<InetAddress, Set<EventKind>>> hears = new HashMap<>();
    private final List<NeighborGrammar> neighbors = new ArrayList<>();
    private final Map<InetAddress, List<ApiCommand.Route>> routes = new LinkedHashMap<>();

    private ConfigurationGrammar() {}

    private record ProcessText(String command, boolean respawn, HelperProcess.Encoder encoder, int line) {}

    static Configuration read(List<Statement> file) throws MalformedException {
        ConfigurationGrammar grammar = new ConfigurationGrammar();
        for (Statement statement : file) {
            switch (statement.kind()) {
                case "process" -> grammar.process(statement);
                case "template" -> grammar.template(statement);
                case "neighbor" -> {} // once all templates and processes are known
                default -> throw refused(statement, statement.kind());
            }
        }
        for (Statement statement : file) {
            if (statement.kind().equals("neighbor")) {
                grammar.neighbor(statement);
            }
        }
        return grammar.configuration(file.isEmpty() ? 1 : file.getFirst().line());
    }

    /** What is not there is named. */
    static MalformedException refused(Statement statement, String what) {
        return new MalformedException(statement.line(), "'" + what + "' is not supported here");
    }

    static MalformedException wrong(Statement statement, String reason) {
        return new MalformedException(statement.line(), reason);
    }

    private void process(Statement statement) throws MalformedException {
        String name = word(statement);
        String command = "";
        boolean respawn = true;
        Optional<HelperProcess.Encoder> encoder = Optional.empty();
        for (Statement each : statement.block()) {
            switch (each.kind()) {
                case "run" -> command = each.source();
                case "respawn" -> respawn = flag(each);
                case "encoder" ->
                    encoder = Optional.of(
                            switch (word(each)) {
                                case "json" -> HelperProcess.Encoder.JSON;
                                case "text" -> HelperProcess.Encoder.TEXT;
                                default -> throw wrong(each, "an encoder is 'json' or 'text'");
                            });
                default -> throw refused(each, "process { " + each.kind() + " }");
            }
        }
        if (command.isEmpty() || encoder.isEmpty()) {
            throw wrong(statement, "process " + name + " needs 'run' and 'encoder'");
        }
        if (processes.put(name, new ProcessText(command, respawn, encoder.get(), statement.line())) != null) {
            throw wrong(statement, "there are two processes " + name);
        }
        hears.put(name, new LinkedHashMap<>());
    }

    private void template(Statement statement) throws MalformedException {
        for (Statement each : statement.block()) {
            if (!each.kind().equals("neighbor")) {
                throw refused(each, "template { " + each.kind() + " }");
            }
            if (templates.put(word(each), each.block()) != null) {
                throw wrong(each, "there are two templates " + word(each));
            }
        }
    }

    private void neighbor(Statement statement) throws MalformedException {
        InetAddress address = address(statement, word(statement));
        List<Statement> body = inherited(statement);
        NeighborGrammar neighbor = NeighborGrammar.read(statement, address, body);
        neighbors.add(neighbor);
        if (routes.containsKey(address)) {
            throw wrong(statement, "two neighbours " + AddressText.of(address) + " are not supported here");
        }
        List<ApiCommand.Route> own = new ArrayList<>();
        for (Statement each : body) {
            if (OF_NEIGHBOR_ROUTES.contains(each.kind())) {
                own.addAll(RouteStatements.read(each));
            }
            if (each.kind().equals("api")) {
                api(each, address);
            }
        }
        routes.put(address, List.copyOf(own));
    }

    /** A neighbour's own statements stand behind those of its templates, and so count instead of them. */
    private List<Statement> inherited(Statement statement) throws MalformedException {
        List<Statement> body = new ArrayList<>();
        for (Statement each : statement.block()) {
            if (each.kind().equals("inherit")) {
                for (String name : list(each)) {
                    List<Statement> template = templates.get(name);
                    if (template == null) {
                        throw wrong(each, "there is no template " + name);
                    }
                    body.addAll(template);
                }
            }
        }
        statement.block().stream()
                .filter(each -> !each.kind().equals("inherit"))
                .forEach(body::add);
        return body;
    }

    private void api(Statement api, InetAddress neighbor) throws MalformedException {
        List<String> names = new ArrayList<>();
        Set<EventKind> kinds = new LinkedHashSet<>();
        for (Statement each : api.block()) {
            switch (each.kind()) {
                case "processes" -> names.addAll(list(each));
                case "neighbor-changes" -> add(kinds, each, EventKind.STATE);
                case "receive", "send" -> direction(each, kinds);
                default -> throw refused(each, "api { " + each.kind() + " }");
            }
        }
        for (String name : names) {
            ProcessText process = processes.get(name);
            if (process == null) {
                throw wrong(api, "there is no process " + name);
            }
            if (process.encoder() == HelperProcess.Encoder.TEXT && !kinds.isEmpty()) {
                throw new MalformedException(
                        process.line(), "'encoder text' is not supported here for a process that is told of events");
            }
            hears.get(name)
                    .computeIfAbsent(neighbor, _ -> new LinkedHashSet<>())
                    .addAll(kinds);
        }
    }

    private static void direction(Statement direction, Set<EventKind> kinds) throws MalformedException {
        for (Statement each : direction.block()) {
            String what = each.kind();
            if (what.equals("parsed") || !flag(each)) {
                continue; // how, not what
            }
            kinds.add(
                    switch (direction.kind() + " " + what) {
                        case "receive update" -> EventKind.UPDATE;
                        case "receive refresh" -> EventKind.REFRESH;
                        case "receive notification" -> EventKind.NOTIFICATION_IN;
                        case "send notification" -> EventKind.NOTIFICATION_OUT;
                        default -> throw refused(each, direction.kind() + " { " + what + " }");
                    });
        }
    }

    private static void add(Set<EventKind> kinds, Statement statement, EventKind kind) throws MalformedException {
        if (flag(statement)) {
            kinds.add(kind);
        }
    }

    private Configuration configuration(int line) throws MalformedException {
        if (neighbors.isEmpty()) {
            throw new MalformedException(line, "there is no neighbour");
        }
        NeighborGrammar first = neighbors.getFirst();
        List<NeighborSettings> all = new ArrayList<>();
        Set<InetSocketAddress> listen = new LinkedHashSet<>();
        for (NeighborGrammar each : neighbors) {
            if (!each.routerId().equals(first.routerId())) {
                throw new MalformedException(
                        each.line(), "neighbours with different router-ids are not supported here");
            }
            if (each.manualEndOfRib() != first.manualEndOfRib()) {
                throw new MalformedException(
                        each.line(), "'manual-eor' of some neighbours and not of others is not supported here");
            }
            all.add(each.settings(first.localAs()));
            each.listen().ifPresent(listen::add);
        }
        Inet4Address routerId = first.routerId();
        SpeakerSettings settings = new SpeakerSettings(first.localAs(), routerId, all).withListen(List.copyOf(listen));
        List<HelperProcess> helpers = new ArrayList<>();
        processes.forEach((name, process) -> helpers.add(
                new HelperProcess(name, process.command(), process.respawn(), process.encoder(), hears.get(name))));
        return new Configuration(settings, helpers, routes, first.manualEndOfRib());
    }

    // --- words of a statement ---------------------------------------------------------------------------------------

    /** Its only argument. */
    static String word(Statement statement) throws MalformedException {
        if (statement.words().size() != 2) {
            throw wrong(statement, "'" + statement.kind() + "' needs one word behind it");
        }
        return statement.words().get(1);
    }

    /** {@code [ a, b ]} or {@code a}. */
    static List<String> list(Statement statement) {
        return statement.rest().stream()
                .filter(word -> !Set.of("[", "]", ",").contains(word))
                .toList();
    }

    /** Whether it is switched on; it is if it merely stands there. */
    static boolean flag(Statement statement) throws MalformedException {
        String word = statement.words().size() == 1 ? "true" : word(statement);
        return switch (word) {
            case "true", "enable", "enabled", "require", "required" -> true;
            case "false", "disable", "disabled", "unset" -> false;
            default -> throw wrong(statement, "'" + word + "' is neither 'enable' nor 'disable'");
        };
    }

    static InetAddress address(Statement statement, String word) throws MalformedException {
        try {
            return Prefix.parseAddress(word);
        } catch (IllegalArgumentException e) {
            throw wrong(statement, e.getMessage());
        }
    }

    static long number(Statement statement, long maximum) throws MalformedException {
        try {
            long number = Long.parseLong(word(statement));
            if (number >= 0 && number <= maximum) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw wrong(statement, "'" + word(statement) + "' is no number");
        }
        throw wrong(statement, word(statement) + " is not within 0.." + maximum);
    }
}
