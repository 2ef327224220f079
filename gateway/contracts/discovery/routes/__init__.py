"""Discovery's operations; an operation without a handler here answers 501."""
