package org.secondsite.bgp.exabgp;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is remembered of the line before never makes a line mean something else than it means alone. */
class CommandLinesTest {
    private static final List<String> HEADS = List.of(
            "announce route ",
            "withdraw route ",
            "neighbor 10.0.0.2 announce route ",
            "announce  route ",
            "Announce route ",
            "announce attributes next-hop self nlri ",
            "announce route \"");
    private static final List<String> PREFIXES = List.of(
            "198.51.100.0/24",
            "203.0.113.7/32",
            "203.0.113.7",
            "10.0.0.0/8",
            "0.0.0.0/0",
            "128.0.0.0/1",
            "10.0.0.1/8",
            "010.0.0.0/8",
            "300.0.0.0/8",
            "10.0.0/8",
            "10.0.0.0.0/8",
            "10.0.0.0/33",
            "10.0.0.0/8/9",
            "10.0.0.0/",
            "2001:db8::/32",
            "",
            "10.0.0.0/8 next-hop 10.0.0.1",
            "10.0.0.0/8\t");
    private static final List<String> TAILS = List.of(
            " next-hop self",
            " next-hop 10.0.0.1 med 100 community [ 65000:1 65000:2 ]",
            " next-hop self watchdog dog withdraw",
            " next-hop self split /26",
            " next-hop self path-information 7",
            " next-hop self name \"a b\"",
            " next-hop",
            "",
            "\tnext-hop self");

    private static ApiCommand read(CommandLines lines, String text) {
        byte[] octets = ("x" + text + "y").getBytes(UTF_8);
        return lines.read(octets, 1, octets.length - 1);
    }

    @Test
    void aLineMeansTheSameWhateverCameBeforeIt() {
        long seed = 20_260_829;
        Random random = new Random(seed);
        CommandLines lines = new CommandLines();
        String head = HEADS.getFirst();
        String tail = TAILS.getFirst();
        for (int i = 0; i < 20_000; i++) {
            if (random.nextInt(8) == 0) {
                head = HEADS.get(random.nextInt(HEADS.size()));
            }
            if (random.nextInt(8) == 0) {
                tail = TAILS.get(random.nextInt(TAILS.size()));
            }
            String text = head + PREFIXES.get(random.nextInt(PREFIXES.size())) + tail;
            assertEquals(CommandParser.parse(text), read(lines, text), "seed " + seed + ", line " + i + ": " + text);
        }
    }
}
