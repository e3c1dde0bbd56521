package org.secondsite.net.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalPeersTest {
    @Test
    void rootAndTheSameUserAreSpokenWithAndNobodyElse() {
        LocalPeers peers = new LocalPeers(1000);
        assertEquals(Optional.empty(), peers.objection(0));
        assertEquals(Optional.empty(), peers.objection(1000));
        String words = peers.objection(1001).orElseThrow();
        assertTrue(words.contains("1001") && words.contains("1000"), words);
    }

    @Test
    void itKnowsAsWhomItRuns(@TempDir Path folder) throws IOException {
        int own = (int) Files.getAttribute(Files.createFile(folder.resolve("own")), "unix:uid");
        assertEquals(Optional.empty(), LocalPeers.here().objection(own));
        assertTrue(LocalPeers.here().objection(own + 1).isPresent());
    }
}
