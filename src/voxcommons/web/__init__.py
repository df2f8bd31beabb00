"""The studio in the browser: pages and the small interface behind them. Thin: what they do is done by the rooms below."""
