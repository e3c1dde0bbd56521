package org.secondsite.buffer.io.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class RulesetTextTest {
    private static final List<String> WANTED = List.of(
            "table netdev t {",
            "chain inside {",
            "type filter hook ingress device \"in0\" priority -500; policy accept;",
            "ether saddr @vms drop",
            "}",
            "set vms {",
            "type ether_addr",
            "elements = { 02:00:00:00:00:01, 02:00:00:00:00:02 }",
            "}",
            "set six {",
            "type ipv6_addr",
            "elements = { 2001:db8:0:0:0:0:0:1, fe80::/10 }",
            "}",
            "}");

    private static final String LISTED = """
            table netdev t {
            \tset vms {
            \t\ttype ether_addr
            \t\telements = { 02:00:00:00:00:02,
            \t\t\t     02:00:00:00:00:01 }
            \t}

            \tset six {
            \t\ttype ipv6_addr
            \t\telements = { 2001:db8::1, fe80::/10 }
            \t}

            \tchain inside {
            \t\ttype filter hook ingress device "in0" priority -500; policy accept;
            \t\tether saddr @vms drop
            \t}
            }
            """;

    @Test
    void theSameRulesInAnotherPrintAreTheSame() {
        assertEquals(List.of(), RulesetText.differences(WANTED, LISTED));
        assertEquals(
                List.of(), RulesetText.differences(WANTED, LISTED.replace("device \"in0\"", "devices = { \"in0\" }")));
    }

    @Test
    void aMissingRuleAForeignRuleAndAMissingElementAreFound() {
        assertEquals(
                1,
                RulesetText.differences(WANTED, LISTED.replace("ether saddr @vms drop", ""))
                        .size());
        assertEquals(
                1,
                RulesetText.differences(WANTED, LISTED.replace("ether saddr", "accept\nether saddr"))
                        .size());
        assertEquals(
                1,
                RulesetText.differences(WANTED, LISTED.replace("02:00:00:00:00:02,", ""))
                        .size());
        assertEquals(
                1,
                RulesetText.differences(WANTED, LISTED.replace("drop", "accept"))
                        .size());
        assertEquals(
                1,
                RulesetText.differences(WANTED, LISTED + "chain more {\ntype filter\n}\n")
                        .size());
        assertEquals(3, RulesetText.differences(WANTED, "").size());
    }
}
