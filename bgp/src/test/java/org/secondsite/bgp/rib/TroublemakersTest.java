package org.secondsite.bgp.rib;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.secondsite.bgp.wire.AddressFamily;
import org.secondsite.bgp.wire.Decoded;
import org.secondsite.bgp.wire.MessageDecoder;
import org.secondsite.bgp.wire.SessionTraits;
import org.secondsite.bgp.wire.Treatment;
import org.secondsite.bgp.wire.UpdateMessage;

/** Messages that broke other speakers, and those that broke this one: what becomes of each. */
class TroublemakersTest {
    private static final Set<AddressFamily> BOTH = Set.of(AddressFamily.IPV4_UNICAST, AddressFamily.IPV6_UNICAST);
    private static final Importer RULES = new Importer(65100, Optional.empty(), OptionalLong.empty(), Set.of(), false);

    record Case(String name, String session, String hex, List<String> expected) {
        @Override
        public String toString() {
            return name;
        }

        SessionTraits traits() {
            return new SessionTraits(
                    !session.contains("ibgp"),
                    !session.contains("old"),
                    false,
                    BOTH,
                    session.contains("addpath") ? BOTH : Set.of());
        }

        ByteBuf octets() {
            String marker = "ff".repeat(15);
            String whole = hex.startsWith(marker)
                    ? hex
                    : marker + "ff" + HexFormat.of().toHexDigits((short) (19 + hex.length() / 2)) + "02" + hex;
            return Unpooled.wrappedBuffer(HexFormat.of().parseHex(whole));
        }
    }

    static List<Case> all() {
        try (InputStream in = TroublemakersTest.class.getResourceAsStream("/golden/troublemakers.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(line -> line.split(" \\| ?", -1))
                    .map(f -> new Case(f[0], f[1], f[2], List.of(f[3].split(","))))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("all")
    void becomesWhatItShould(Case troublemaker) {
        String became = became(MessageDecoder.decode(troublemaker.octets(), troublemaker.traits()));
        assertTrue(
                troublemaker.expected().stream().anyMatch(e -> became.equals(e) || became.startsWith(e + ":")),
                troublemaker.expected() + " expected, became " + became);
    }

    private static String became(Decoded decoded) {
        return switch (decoded) {
            case Decoded.NeedMore more -> more.toString();
            case Decoded.Reset reset ->
                "reset:" + reset.notification().code() + "/"
                        + reset.notification().subcode();
            case Decoded.Message message
            when message.message() instanceof UpdateMessage update -> {
                ReceivedUpdate taken = RULES.judge(message, update);
                assertTrue(taken.faults().isEmpty() || taken.endOfRib().isEmpty(), "a faulty End-of-RIB");
                yield message.treatAsWithdraw()
                        ? "withdraw"
                        : !taken.refused().isEmpty()
                                ? "ignored-route"
                                : taken.faults().stream().anyMatch(f -> f.treatment() == Treatment.ATTRIBUTE_DISCARD)
                                        ? "discard"
                                        : "ok";
            }
            case Decoded.Message _ -> "ok";
        };
    }
}
