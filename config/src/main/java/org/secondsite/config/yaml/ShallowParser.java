package org.secondsite.config.yaml;

import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.ParserException;
import org.snakeyaml.engine.v2.parser.Parser;

/** A parser that goes so deep and no deeper: the library's composer calls itself for every level, and our readers do too. */
final class ShallowParser implements Parser {
    /** No configuration has more than six levels. */
    static final int MAX_LEVELS = 32;

    private final Parser parser;
    private int levels;

    ShallowParser(Parser parser) {
        this.parser = parser;
    }

    @Override
    public boolean checkEvent(Event.ID choice) {
        return parser.checkEvent(choice);
    }

    @Override
    public Event peekEvent() {
        return parser.peekEvent();
    }

    @Override
    public boolean hasNext() {
        return parser.hasNext();
    }

    @Override
    public Event next() {
        Event event = parser.next();
        if (event instanceof CollectionStartEvent && ++levels > MAX_LEVELS) {
            throw new ParserException("nested in more than " + MAX_LEVELS + " levels", event.getStartMark());
        }
        if (event instanceof CollectionEndEvent) {
            levels--;
        }
        return event;
    }
}
