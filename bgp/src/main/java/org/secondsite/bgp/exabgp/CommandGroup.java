package org.secondsite.bgp.exabgp;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.secondsite.bgp.wire.Nlri;

/**
 * ExaBGP 6's {@code group A ; B ; …}: announcements, or withdrawals, that are one command. {@code attributes …} among them stands for
 * the attributes of the announcements behind it. A withdrawal has none (RFC 4760 §4).
 */
final class CommandGroup {
    private static final ApiCommand.Fault ONE_KIND =
            new ApiCommand.Fault("a group is of announcements of routes, or of withdrawals, on one line");

    /** They are read anew for each announcement, of which a line has many. */
    private static final int MAX_ATTRIBUTES = 1024;

    private CommandGroup() {}

    /**
     * Reads the commands.
     *
     * @param text what stands behind the word {@code group}
     * @param to whom all of them are for
     */
    static ApiCommand parse(String text, NeighborFilter to) {
        String attributes = "";
        List<ApiCommand> commands = new ArrayList<>();
        for (String part : parts(text)) {
            String[] words = part.split("\\s", 2);
            switch (words[0].toLowerCase(Locale.ROOT)) {
                case "attributes", "attribute" -> {
                    attributes = words.length == 1 ? "" : words[1];
                    if (attributes.length() > MAX_ATTRIBUTES) {
                        return new ApiCommand.Fault(
                                "attributes of a group are of " + MAX_ATTRIBUTES + " characters at most");
                    }
                }
                case "announce" -> commands.add(CommandParser.parse(part + " " + attributes));
                case "withdraw" -> commands.add(CommandParser.parse(part));
                default -> commands.add(ONE_KIND);
            }
        }
        return joined(commands, to);
    }

    private static ApiCommand joined(List<ApiCommand> commands, NeighborFilter to) {
        List<ApiCommand.Route> announced = new ArrayList<>();
        List<Nlri> withdrawn = new ArrayList<>();
        for (ApiCommand command : commands) {
            switch (command) {
                case ApiCommand.Announce(NeighborFilter _, List<ApiCommand.Route> routes) -> announced.addAll(routes);
                case ApiCommand.Withdraw(NeighborFilter _, List<Nlri> routes) -> withdrawn.addAll(routes);
                case ApiCommand.Fault fault -> {
                    return fault;
                }
                default -> {
                    return ONE_KIND;
                }
            }
        }
        if (announced.isEmpty() == withdrawn.isEmpty()) {
            return ONE_KIND;
        }
        return withdrawn.isEmpty() ? new ApiCommand.Announce(to, announced) : new ApiCommand.Withdraw(to, withdrawn);
    }

    /** What stands between semicolons, but for those within braces. */
    private static List<String> parts(String text) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int from = 0;
        for (int i = 0; i <= text.length(); i++) {
            char c = i < text.length() ? text.charAt(i) : ';';
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (i == text.length() || (c == ';' && depth <= 0)) {
                String part = text.substring(from, i).strip();
                if (!part.isEmpty()) {
                    parts.add(part);
                }
                from = i + 1;
            }
        }
        return parts;
    }
}
