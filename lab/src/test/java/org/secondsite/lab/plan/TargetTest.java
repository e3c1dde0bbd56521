package org.secondsite.lab.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TargetTest {
    @Test
    void aRoleMeansBothSites() {
        Target target = Target.parse("gateway");
        assertTrue(target.means(Role.GATEWAY, "a", "gateway-a") && target.means(Role.GATEWAY, "b", "gateway-b"));
        assertFalse(target.means(Role.AGENT, "a", "agent-a"));
    }

    @Test
    void aSiteMeansEveryRoleThere() {
        Target target = Target.parse("site:b");
        assertTrue(target.means(Role.QEMU, "b", "qemu-b"));
        assertFalse(target.means(Role.QEMU, "a", "qemu-a"));
        assertFalse(target.means(Role.WITNESS, "", "witness"));
    }

    @Test
    void aNameMeansOneProcess() {
        Target target = Target.parse("witness-2");
        assertTrue(target.means(Role.WITNESS, "", "witness-2"));
        assertFalse(target.means(Role.WITNESS, "", "witness-1"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"witness-2", "router-a-zebra", "gateway", "switch:a", "site:b"})
    void isWrittenAsItIsRead(String text) {
        assertEquals(text, Target.parse(text).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"site", "site:", "site:d", "gateway:a:b", "", "nothing"})
    void whatIsNoTargetIsRefused(String text) {
        assertThrows(IllegalArgumentException.class, () -> Target.parse(text));
    }
}
