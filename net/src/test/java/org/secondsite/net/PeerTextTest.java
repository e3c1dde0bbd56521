package org.secondsite.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PeerTextTest {
    @Test
    void whatCouldForgeALineOrCommandATerminalIsASpace() {
        assertEquals(
                "full 2026 ERROR  forged [2J  x", PeerText.line("full\n2026 ERROR \u2028forged\u001b[2J\u202e\u009bx"));
    }

    @Test
    void lettersOfAnyLanguageStay() {
        assertEquals("Stoerung: Störung, 障害, сбой", PeerText.line("Stoerung: Störung, 障害, сбой"));
    }
}
