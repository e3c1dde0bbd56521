package org.secondsite.bgp.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.secondsite.bgp.rib.Importer;
import org.secondsite.bgp.rib.ReceivedUpdate;
import org.secondsite.bgp.wire.GoldenMessages.Golden;

/**
 * Mutated captures and noise: the decoder never throws, and never consumes what it did not decode. {@code -Dfuzz.rounds} and
 * {@code -Dfuzz.seed} make a long run of it, in shares.
 */
class DecoderFuzzTest {
    private static final int ROUNDS = Integer.getInteger("fuzz.rounds", 100_000);
    static final List<SessionTraits> TRAITS = List.of(
            SessionTraits.BASIC,
            new SessionTraits(true, true, false, GoldenMessages.BOTH, Set.of()),
            new SessionTraits(false, true, true, GoldenMessages.BOTH, GoldenMessages.BOTH),
            new SessionTraits(true, false, false, GoldenMessages.BOTH, Set.of()),
            new SessionTraits(true, true, false, GoldenMessages.ALL, Set.of())
                    .withExtendedNextHop(GoldenMessages.BOTH)
                    .withAsSets(true),
            new SessionTraits(false, true, true, GoldenMessages.ALL, GoldenMessages.ALL));

    @Test
    void neverThrows() {
        long seed = Long.getLong("fuzz.seed", 20260101L);
        Random random = new Random(seed);
        List<Golden> corpus = GoldenMessages.all();
        for (int round = 0; round < ROUNDS; round++) {
            byte[] octets = corpus.get(random.nextInt(corpus.size())).octets();
            for (int i = random.nextInt(4); i >= 0; i--) {
                octets = mutated(octets, corpus, random);
            }
            if (octets.length >= 19 && random.nextInt(4) != 0) {
                octets[16] = (byte) (octets.length >>> 8);
                octets[17] = (byte) octets.length;
            }
            SessionTraits traits = TRAITS.get(random.nextInt(TRAITS.size()));
            try {
                check(octets, traits);
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(
                        "seed " + seed + " round " + round + " " + traits + " "
                                + HexFormat.of().formatHex(octets),
                        e);
            }
        }
    }

    private static final Importer RULES = new Importer(65100, Optional.empty(), OptionalLong.empty(), Set.of(), false);

    static void check(byte[] octets, SessionTraits traits) {
        ByteBuf in = Unpooled.wrappedBuffer(octets);
        Decoded decoded = MessageDecoder.decode(in, traits);
        switch (decoded) {
            case Decoded.NeedMore more -> {
                assertTrue(more.octets() > octets.length);
                assertEquals(0, in.readerIndex());
            }
            case Decoded.Message message -> {
                assertTrue(in.readerIndex() >= BgpMessage.HEADER_OCTETS && in.readerIndex() <= octets.length);
                if (message.message() instanceof UpdateMessage update) {
                    ReceivedUpdate taken = RULES.judge(message, update);
                    assertTrue(!message.treatAsWithdraw() || taken.announced().isEmpty());
                    assertTrue(message.faults().isEmpty() || taken.endOfRib().isEmpty());
                    assertTrue(message.faults().stream().noneMatch(f -> f.treatment() == Treatment.SESSION_RESET));
                }
            }
            case Decoded.Reset reset ->
                assertTrue(!BgpError.nameOf(
                                reset.notification().code(),
                                reset.notification().subcode())
                        .startsWith("unknown"));
        }
    }

    private static byte[] mutated(byte[] octets, List<Golden> corpus, Random random) {
        byte[] changed = octets.clone();
        int body = Math.min(18, changed.length - 1);
        int at = body + random.nextInt(changed.length - body);
        switch (random.nextInt(6)) {
            case 0 -> changed[at] ^= (byte) (1 << random.nextInt(8));
            case 1 -> changed[at] = (byte) random.nextInt(256);
            case 2 -> changed[at] = (byte) (random.nextBoolean() ? 0xff : 0);
            case 3 -> changed = spliced(changed, at, new byte[0], Math.min(changed.length - at, random.nextInt(8)));
            case 4 -> {
                byte[] noise = new byte[random.nextInt(16)];
                random.nextBytes(noise);
                changed = spliced(changed, at, noise, 0);
            }
            default -> {
                byte[] other = corpus.get(random.nextInt(corpus.size())).octets();
                int from = random.nextInt(other.length);
                byte[] part = Arrays.copyOfRange(other, from, from + random.nextInt(other.length - from + 1));
                changed = spliced(changed, at, part, 0);
            }
        }
        return changed;
    }

    private static byte[] spliced(byte[] octets, int at, byte[] inserted, int removed) {
        byte[] result = new byte[octets.length - removed + inserted.length];
        System.arraycopy(octets, 0, result, 0, at);
        System.arraycopy(inserted, 0, result, at, inserted.length);
        System.arraycopy(octets, at + removed, result, at + inserted.length, octets.length - at - removed);
        return result;
    }
}
