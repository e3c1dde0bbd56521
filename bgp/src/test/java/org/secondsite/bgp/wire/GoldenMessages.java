package org.secondsite.bgp.wire;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The corpus of {@code golden/messages.txt}. */
final class GoldenMessages {
    static final Set<AddressFamily> BOTH = Set.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST);

    /** With filters, and a family that is handed through as octets. */
    static final Set<AddressFamily> ALL = Set.of(
            AddressFamily.IPV4_UNICAST,
            AddressFamily.IPV6_UNICAST,
            AddressFamily.IPV4_FLOW,
            AddressFamily.IPV6_FLOW,
            new AddressFamily(1, 128));

    private GoldenMessages() {}

    record Golden(String name, SessionTraits traits, Octets message, String expected) {
        byte[] octets() {
            return message.toArray();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    static List<Golden> all() {
        List<String> lines;
        try (InputStream in = GoldenMessages.class.getResourceAsStream("/golden/messages.txt")) {
            lines = new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        List<Golden> all = new ArrayList<>();
        for (int i = 0; i + 3 < lines.size(); i += 4) {
            all.add(new Golden(
                    field(lines.get(i), "name"),
                    traits(field(lines.get(i + 1), "traits")),
                    Octets.ofHex(field(lines.get(i + 2), "hex")),
                    field(lines.get(i + 3), "expect")));
        }
        return all;
    }

    private static String field(String line, String name) {
        if (!line.startsWith(name + ": ")) {
            throw new IllegalStateException("expected '" + name + "', found: " + line);
        }
        return line.substring(name.length() + 2);
    }

    private static SessionTraits traits(String text) {
        return text.equals("basic")
                ? SessionTraits.BASIC
                : new SessionTraits(
                                text.contains("external"),
                                text.contains("as4"),
                                false,
                                text.contains("all") ? ALL : BOTH,
                                text.contains("addpath") ? BOTH : Set.of())
                        .withExtendedNextHop(text.contains("all") ? BOTH : Set.of())
                        .withAsSets(true);
    }
}
