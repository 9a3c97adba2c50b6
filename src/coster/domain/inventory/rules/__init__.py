"""Pure decisions about stock: `book` keeps count in memory, `holding` promises and gives back, `moving` counts and corrects."""
